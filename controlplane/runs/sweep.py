"""Finds the runs that nobody told us the end of, and the records that came too late for their settlement."""

import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db.models import QuerySet
from django.utils import timezone

from controlplane.agent_server.bridges import bridge_for_service
from controlplane.runs.models import Run
from controlplane.runs.settlement import book_late_records, settle_through
from controlplane.usage.models import TokenUsage
from sdk_bridge import Bridge, BridgeError, Retryable

logger = structlog.get_logger(__name__)

# Younger runs are still being started.
OLD_ENOUGH = timedelta(seconds=3)
RUNS_PER_SWEEP = 500
SECONDS_PER_SWEEP = 12.0
# No call lasts as long, and a node writes its record within seconds of its end, cancelled or not.
LATEST_RECORD = timedelta(hours=1)


async def sweep_open_runs() -> int:
    """Look at every open run once, as far as the time allows; returns how many were settled for good.

    One run that cannot be read does not hold up the others. Raises Retryable when the Agent Server is away.
    """
    return await _each(open_run_ids(), settle_through)


async def sweep_late_records() -> int:
    """Look for records of calls that were settled by estimate lately; returns how many were corrected.

    Raises Retryable when the Agent Server is away.
    """
    return await _each(estimated_run_ids(), book_late_records)


async def _each(run_ids: QuerySet[Any, Any], look: Callable[[Bridge, UUID], Awaitable[int]]) -> int:
    deadline = time.monotonic() + SECONDS_PER_SWEEP
    found = 0
    named = [run_id async for run_id in run_ids]
    if not named:
        return 0
    async with bridge_for_service() as bridge:
        for run_id in named:
            if time.monotonic() > deadline:
                break
            try:
                found += await look(bridge, run_id)
            except Retryable:
                raise
            except BridgeError as error:
                logger.warning("run_not_settled", run_id=str(run_id), code=error.code)
    return found


def estimated_run_ids() -> QuerySet[TokenUsage, UUID | None]:
    """Name settled runs with a call of the last hour that no record was found of, in no order."""
    lately = TokenUsage.objects.estimated().filter(created_at__gt=timezone.now() - LATEST_RECORD)
    runs = lately.filter(run__settled_at__isnull=False).order_by().values_list("run_id", flat=True)
    return runs.distinct()[:RUNS_PER_SWEEP]


def open_run_ids() -> QuerySet[Run, UUID]:
    """Name open runs in no order, so that a run which never settles cannot keep the others waiting."""
    open_runs = Run.objects.unsettled().filter(admitted_at__lt=timezone.now() - OLD_ENOUGH)
    return open_runs.order_by("?").values_list("pk", flat=True)[:RUNS_PER_SWEEP]
