"""The in-memory server as one identity sees it."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from sdk_bridge.bridge import ServerInfo
from sdk_bridge.errors import BridgeError, Refused, ServerTimedOut
from sdk_bridge.memory.runs import MemoryRuns
from sdk_bridge.runs import ServiceAnswer, ServiceRun
from sdk_bridge.usage import UsageRecord


class MemoryBridge(MemoryRuns):
    """Implements `sdk_bridge.bridge.Bridge`."""

    async def run_for_service(self, request: ServiceRun, *, within: float) -> ServiceAnswer:
        await self._enter_as_service()
        try:
            async with asyncio.timeout(within):
                return await self._state.serve(request)
        except TimeoutError as error:
            raise ServerTimedOut("The Agent Server did not answer in time.") from error

    async def list_usage_records(self, run_id: UUID) -> tuple[UsageRecord, ...]:
        await self._enter_as_service()
        records = self._state.records[run_id]
        return tuple(records[attempt_id] for attempt_id in sorted(records))

    async def list_recorded_runs(self, *, limit: int = 100, offset: int = 0) -> tuple[UUID, ...]:
        await self._enter_as_service()
        run_ids = sorted(run_id for run_id, records in self._state.records.items() if records)
        return tuple(run_ids[offset : offset + limit])

    async def delete_usage_record(self, run_id: UUID, attempt_id: UUID) -> None:
        await self._enter_as_service()
        self._state.records[run_id].pop(attempt_id, None)

    async def erase_items(self, namespace: Sequence[str]) -> int:
        await self._enter_as_service()
        place = tuple(namespace)
        below = [name for name in self._state.items if name[: len(place)] == place]
        erased = sum(len(self._state.items.pop(name)) for name in below)
        for run_id in [run for run in self._state.records if ("usage", str(run))[: len(place)] == place]:
            erased += len(self._state.records.pop(run_id))
        return erased

    async def server_info(self) -> ServerInfo:
        await self._enter()
        return ServerInfo(version="in memory", langgraph_version="in memory")

    async def is_alive(self) -> bool:
        try:
            await self._enter()
        except Refused:
            return True
        except BridgeError:
            return False
        return True

    async def _enter_as_service(self) -> None:
        if not (await self._enter()).is_service:
            raise Refused("Forbidden")
