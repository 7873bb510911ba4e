"""Finds the runs that nobody told us the end of, and settles them."""

import time
from datetime import timedelta
from uuid import UUID

import structlog
from django.db.models import QuerySet
from django.utils import timezone

from controlplane.agent_server.bridges import bridge_for_service
from controlplane.runs.models import Run
from controlplane.runs.settlement import settle_through
from sdk_bridge import BridgeError, Retryable

logger = structlog.get_logger(__name__)

# Younger runs are still being started.
OLD_ENOUGH = timedelta(seconds=3)
RUNS_PER_SWEEP = 500
SECONDS_PER_SWEEP = 12.0


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
