"""Erases deleted conversations at the Agent Server; any interruption may be followed by a repeat."""

import uuid
from datetime import timedelta

from django.db.models.functions import Now

from controlplane.agent_server.bridges import bridge_for_service
from controlplane.chat.models import ChatSession, DeletedThread
from controlplane.runs.models import Run
from controlplane.runs.settlement import settle_through
from sdk_bridge import Bridge

# Younger tombstones still have their own job under way.
SWEEP_AFTER = timedelta(seconds=30)
RUNS_PER_LOOK = 100
THREADS_PER_SWEEP = 100


def unerased_threads() -> list[uuid.UUID]:
    """Name the threads whose erasure is overdue, oldest first."""
    overdue = DeletedThread.objects.filter(erased_at=None, deleted_at__lt=Now() - SWEEP_AFTER)
    return list(overdue.order_by("deleted_at").values_list("thread_id", flat=True)[:THREADS_PER_SWEEP])


async def thread_erase(*, thread_id: uuid.UUID) -> None:
    """Cancel what runs on a deleted thread, settle it, then erase thread and row; repeats do no harm.

    Raises BridgeError with the tombstone still open, so that the sweep comes back.
    """
    if not await DeletedThread.objects.filter(thread_id=thread_id, erased_at=None).aexists():
        return
    async with bridge_for_service() as bridge:
        # Without its row the server would not find the thread's checkpoints.
        await bridge.restore_thread(thread_id)
        await _cancel_live_runs(bridge, thread_id)
        # How its runs ended can be read back only now; records of their calls are kept apart from the thread.
        async for run in Run.objects.filter(thread_id=thread_id).unsettled():
            await settle_through(bridge, run.pk)
        await bridge.delete_thread(thread_id)
    await ChatSession.objects.filter(pk=thread_id, deleted_at__isnull=False).adelete()
    await DeletedThread.objects.filter(thread_id=thread_id).aupdate(erased_at=Now())


async def _cancel_live_runs(bridge: Bridge, thread_id: uuid.UUID) -> None:
    while live := [run for run in await bridge.list_runs(thread_id, limit=RUNS_PER_LOOK) if not run.is_over]:
        for run in live:
            await bridge.cancel_run(thread_id, run.run_id)
