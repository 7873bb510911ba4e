"""Records of usage that nobody will book: their runs are unknown, or settled for good."""

import uuid
from collections.abc import AsyncIterator
from datetime import datetime
from typing import ClassVar

from controlplane.runs.models import Run
from controlplane.upkeep.orphans.search import PAGE, Orphan
from sdk_bridge import Bridge


class RecordsWithoutRun:
    """Such records stay in the store for ever; they are ids and figures, and are deleted."""

    kind: ClassVar = "usage_record_without_run"

    async def find(self, bridge: Bridge, *, older_than: datetime) -> AsyncIterator[Orphan]:
        """List the runs that have records, and keep those that no settlement will come for."""
        offset = 0
        while page := await bridge.list_recorded_runs(limit=PAGE, offset=offset):
            open_runs = Run.objects.unsettled().filter(pk__in=page).values_list("pk", flat=True)
            expected = {run_id async for run_id in open_runs}
            for run_id in page:
                if run_id in expected:
                    continue
                records = await bridge.list_usage_records(run_id)
                if records and all(record.ended_at < older_than for record in records):
                    yield Orphan(kind=self.kind, subject_id=str(run_id), remedy="delete its records")
            offset += len(page)

    async def repair(self, bridge: Bridge, orphan: Orphan) -> bool:
        """Delete the records."""
        run_id = uuid.UUID(orphan.subject_id)
        if await Run.objects.unsettled().filter(pk=run_id).aexists():
            return False
        for record in await bridge.list_usage_records(run_id):
            await bridge.delete_usage_record(run_id, record.attempt_id)
        return True
