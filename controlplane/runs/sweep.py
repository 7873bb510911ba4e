"""Finds the runs that nobody told us the end of, and calls whose record came late, and settles them."""

import time
from datetime import timedelta
from uuid import UUID

import structlog
from django.db.models import QuerySet
from django.utils import timezone

from controlplane.agent_server.bridges import bridge_for_service
from controlplane.runs.booking import LATE_RECORDS
from controlplane.runs.models import Run
from controlplane.runs.settlement import drain_records, settle_through
from controlplane.usage.models import TokenUsage
from sdk_bridge import BridgeError, Retryable

logger = structlog.get_logger(__name__)

# Younger runs are still being started.
OLD_ENOUGH = timedelta(seconds=3)
RUNS_PER_SWEEP = 500
SECONDS_PER_SWEEP = 12.0
LATE_RUNS_PER_SWEEP = 50


async def sweep_open_runs() -> int:
    """Look at every open run once, as far as the time allows; returns how many were settled for good.

    One run that cannot be read does not hold up the others. Raises Retryable when the Agent Server is away.
    """
    deadline = time.monotonic() + SECONDS_PER_SWEEP
    settled = 0
    run_ids = [run_id async for run_id in open_run_ids()]
    if not run_ids:
        return 0
    async with bridge_for_service() as bridge:
        for run_id in run_ids:
            if time.monotonic() > deadline:
                break
            try:
                settled += await settle_through(bridge, run_id)
            except Retryable:
                raise
            except BridgeError as error:
                logger.warning("run_not_settled", run_id=str(run_id), code=error.code)
    return settled


def open_run_ids() -> QuerySet[Run, UUID]:
    """Name open runs in no order, so that a run which never settles cannot keep the others waiting."""
    open_runs = Run.objects.unsettled().filter(admitted_at__lt=timezone.now() - OLD_ENOUGH)
    return open_runs.order_by("?").values_list("pk", flat=True)[:RUNS_PER_SWEEP]


async def sweep_late_records() -> int:
    """Look for records of calls that were settled without one; returns how many bills were corrected.

    Only for a day, and only of a few runs at a time. Raises BridgeError when the Agent Server is away.
    """
    deadline = time.monotonic() + SECONDS_PER_SWEEP
    run_ids = [run_id async for run_id in estimated_run_ids()]
    if not run_ids:
        return 0
    corrected = 0
    async with bridge_for_service() as bridge:
        for run_id in run_ids:
            if time.monotonic() > deadline:
                break
            corrected += await drain_records(bridge, run_id)
    return corrected


def estimated_run_ids() -> QuerySet[Run, UUID]:
    """Name the settled runs that a call was booked for by estimate alone within the last day, in no order."""
    since = timezone.now() - LATE_RECORDS
    unknown = TokenUsage.objects.estimated().filter(settled_at__gte=since)
    # Calls are somewhat older than their booking; by their age the index finds them.
    recent = unknown.filter(created_at__gte=since - LATE_RECORDS)
    runs = Run.objects.filter(settled_at__isnull=False, pk__in=recent.values("run_id"))
    return runs.order_by("?").values_list("pk", flat=True)[:LATE_RUNS_PER_SWEEP]
