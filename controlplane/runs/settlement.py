"""Settles runs: reads back how they ended, books the records of their calls, then deletes the records."""

from datetime import timedelta
from uuid import UUID

import structlog
from asgiref.sync import sync_to_async
from django.utils import timezone

from controlplane.agent_server.bridges import bridge_for_service
from controlplane.runs.ledger import estimate_commit, record_commit
from controlplane.runs.mirror import has_made_calls, run_close, run_confirm, run_end, run_lose, run_withdraw
from controlplane.runs.models import Run
from controlplane.usage.models import TokenUsage
from sdk_bridge import Bridge, BridgeError, RunNotFound, RunSnapshot

logger = structlog.get_logger(__name__)

# A run is created within a moment of its admission; one that is not there by now never comes.
WITHDRAW_AFTER = timedelta(seconds=60)
# A node writes its record within seconds of its call's end, even when its run was cancelled meanwhile.
RECORD_GRACE = timedelta(seconds=15)
# A run without a thread cannot be read back; without a webhook it counts as over after this.
LONGEST_RUN = timedelta(minutes=15)
UNKNOWN_FAILURE = "run_failed"


async def settle_run(run_id: UUID) -> bool:
    """Bring one run as far as it can be brought now; returns whether it is settled for good.

    Repeats do no harm. Raises BridgeError when the Agent Server cannot be asked.
    """
    async with bridge_for_service() as bridge:
        return await settle_through(bridge, run_id)


async def settle_through(bridge: Bridge, run_id: UUID) -> bool:
    """Do the same through a bridge that is open already; it must be the service's."""
    run = await Run.objects.filter(pk=run_id).afirst()
    if run is None or run.settled_at is not None:
        return True
    await _read_back(bridge, run)
    if await drain_records(bridge, run_id):
        logger.info("run_records_booked", run_id=str(run_id))
    await run.arefresh_from_db()
    if run.settled_at is None and run.ended_at is not None and timezone.now() >= run.ended_at + RECORD_GRACE:
        await _estimate_rest(run_id)
    return await sync_to_async(run_close)(run_id=run_id)


async def _read_back(bridge: Bridge, run: Run) -> None:
    if run.ended_at is not None:
        return
    if run.thread_id is None:
        await _presume(run)
        return
    try:
        snapshot = await bridge.get_run(run.thread_id, run.pk)
    except RunNotFound:
        await _presume(run)
        return
    await sync_to_async(run_confirm)(run_id=run.pk, status=snapshot.status, started_at=snapshot.created_at)
    if snapshot.is_over:
        code = await _failure_code(bridge, snapshot)
        await sync_to_async(run_end)(
            run_id=run.pk, status=snapshot.status, ended_at=snapshot.updated_at, error_code=code
        )


async def _failure_code(bridge: Bridge, snapshot: RunSnapshot) -> str:
    if snapshot.status != "error":
        return ""
    try:
        # Why a run failed is told only to those who wait for it; this one is over already.
        waited = await bridge.wait_for_run(snapshot.thread_id, snapshot.run_id)
    except BridgeError:
        return UNKNOWN_FAILURE
    return waited.failure.code if waited.failure else UNKNOWN_FAILURE


async def _presume(run: Run) -> None:
    """Decide about a run that the Agent Server does not know: not yet, never, or no longer."""
    # One that was seen or has made a call was there: it cannot be on its way.
    is_gone = run.thread_id is not None and await _was_there(run)
    patience = LONGEST_RUN if run.thread_id is None else WITHDRAW_AFTER
    if not is_gone and timezone.now() < run.admitted_at + patience:
        return
    if not await sync_to_async(run_withdraw)(run_id=run.pk):
        await sync_to_async(run_lose)(run_id=run.pk, since=run.admitted_at)


async def _was_there(run: Run) -> bool:
    return run.status != Run.Status.PROVISIONAL or await sync_to_async(has_made_calls)(run.pk)


async def drain_records(bridge: Bridge, run_id: UUID) -> int:
    """Book each record, then delete it: a stop in between books nothing twice. Returns how many it booked.

    Records of a run that is settled already correct what was booked by estimate.
    """
    booked = 0
    while records := await bridge.list_usage_records(run_id):
        for record in records:
            was_booked = await sync_to_async(record_commit)(record)
            if not was_booked:
                logger.info(
                    "record_without_pending_call", run_id=str(run_id), attempt_id=str(record.attempt_id)
                )
            booked += was_booked
            await bridge.delete_usage_record(run_id, record.attempt_id)
    return booked


async def _estimate_rest(run_id: UUID) -> None:
    pending = TokenUsage.objects.pending().filter(run_id=run_id).values_list("pk", flat=True)
    async for attempt_id in pending:
        await sync_to_async(estimate_commit)(attempt_id=attempt_id, run_id=run_id)
        logger.warning("call_settled_by_estimate", run_id=str(run_id), attempt_id=str(attempt_id))
