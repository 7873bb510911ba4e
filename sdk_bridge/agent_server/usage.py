"""Usage records in the real Agent Server's store."""

import logging
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from langgraph_sdk.client import StoreClient

from sdk_bridge.agent_server.calls import CallGroup
from sdk_bridge.agent_server.wire import read_recorded_runs, read_usage_record
from sdk_bridge.errors import NotFound, ServerFailed
from sdk_bridge.usage import UsageRecord

log = logging.getLogger(__name__)

NAMESPACE: Final = "usage"
PAGE: Final = 200
MOST_RECORDS: Final = 10_000


class SdkUsage(CallGroup):
    """Implements `sdk_bridge.bridge.UsageCalls`."""

    @property
    def _store(self) -> StoreClient:
        return self._caller.client.store

    async def list_usage_records(self, run_id: UUID) -> tuple[UsageRecord, ...]:
        # By attempt: a record written while pages are read shifts them, so one item may come twice.
        records: dict[UUID, UsageRecord] = {}
        for offset in range(0, MOST_RECORDS, PAGE):
            items = await self._read_page(run_id, offset=offset)
            records.update((record.attempt_id, record) for record in _readable(items, run_id=run_id))
            if len(items) < PAGE:
                break
        return tuple(sorted(records.values(), key=lambda record: record.attempt_id))

    async def list_recorded_runs(self, *, limit: int = 100, offset: int = 0) -> tuple[UUID, ...]:
        found = await self._caller.repeatable(
            lambda: self._store.list_namespaces(
                prefix=[NAMESPACE], max_depth=2, limit=limit, offset=offset, headers=self._caller.headers
            ),
            missing=NotFound,
        )
        return read_recorded_runs(found)

    async def _read_page(self, run_id: UUID, *, offset: int) -> Sequence[Any]:
        page = await self._caller.repeatable(
            lambda: self._store.search_items(
                [NAMESPACE, str(run_id)], limit=PAGE, offset=offset, headers=self._caller.headers
            ),
            missing=NotFound,
        )
        return page["items"]

    async def delete_usage_record(self, run_id: UUID, attempt_id: UUID) -> None:
        await self._caller.repeatable(
            lambda: self._store.delete_item(
                [NAMESPACE, str(run_id)], key=str(attempt_id), headers=self._caller.headers
            ),
            missing=NotFound,
        )


def _readable(items: Sequence[Any], *, run_id: UUID) -> list[UsageRecord]:
    """Leave out what is no record, loudly: its call is then settled by estimate."""
    records = []
    for item in items:
        try:
            records.append(read_usage_record(item))
        except ServerFailed:
            log.exception("unreadable usage record", extra={"run_id": str(run_id), "key": item.get("key")})
    return records
