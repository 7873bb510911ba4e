"""Ends and erases deleted conversations at the Agent Server; any interruption may be followed by a repeat."""

import uuid
from collections import Counter

from django.contrib.admin.models import LogEntry
from django.db import transaction

from controlplane.agent_server.bridges import bridge_for_service
from controlplane.api.idempotency import forget_creation
from controlplane.chat.models import ChatSession, DeletedThread, IndexedMessage
from controlplane.chat.selectors import session_uncache
from controlplane.runs.models import Run
from controlplane.runs.settlement import settle_through
from sdk_bridge import Bridge

RUNS_PER_LOOK = 100
# A cancellation can be lost; what lives on then is found by the next look.
MOST_LOOKS = 20


async def thread_erase(*, thread_id: uuid.UUID) -> Counter[str]:
    """Cancel what runs on a deleted thread, settle it, then erase the thread and what its runs left.

    Returns how many `cancelled_runs`, `messages` and `store_items` there were. Raises BridgeError with
    nothing undone that was done.
    """
    found: Counter[str] = Counter()
    async with bridge_for_service() as bridge:
        # Without its row the server would not find the thread's checkpoints.
        await bridge.restore_thread(thread_id)
        found["cancelled_runs"] = await _cancel_live_runs(bridge, thread_id)
        # How its runs ended can be read back only now; records of their calls are kept apart from the thread.
        async for run in Run.objects.filter(thread_id=thread_id).unsettled():
            await settle_through(bridge, run.pk)
        newest = await bridge.read_history(thread_id, limit=1)
        found["messages"] = newest.first_index + len(newest.messages)
        await bridge.delete_thread(thread_id)
        # What came too late to be booked; an unsettled run's records still are.
        settled = Run.objects.filter(thread_id=thread_id, settled_at__isnull=False)
        async for run_id in settled.values_list("pk", flat=True):
            found["store_items"] += await bridge.erase_items(("usage", str(run_id)))
    return +found


def session_forget(*, thread_id: uuid.UUID) -> Counter[str]:
    """Drop the row of a tombstoned session and what goes with it; returns how many rows, by kind.

    Owns its transaction; repeats find nothing. Bills keep their rows, which name no session any more.
    """
    gone: Counter[str] = Counter()
    with transaction.atomic():
        stone = DeletedThread.objects.filter(pk=thread_id).first()
        if stone is None:
            return gone
        # Before its calls, as whoever books one takes these locks; and its runs before all.
        runs = Run.objects.filter(session=thread_id).select_for_update(no_key=True).order_by("pk")
        list(runs.values_list("pk"))
        list(ChatSession.objects.filter(pk=thread_id).select_for_update().values_list("pk"))
        gone["indexed_messages"], _ = IndexedMessage.objects.filter(session=thread_id).delete()
        _, rows = ChatSession.objects.filter(pk=thread_id, deleted_at__isnull=False).delete()
        for label, count in rows.items():
            gone[label.partition(".")[2].lower()] += count
        if stone.user_id is not None and stone.erased_at is not None:
            # Until then a repeat of its creation is told that it was deleted.
            gone["idempotency_keys"] = forget_creation(user_id=stone.user_id, object_id=str(thread_id))
        gone["log_entries"], _ = LogEntry.objects.filter(object_id=str(thread_id)).delete()
    session_uncache(thread_id)
    return +gone


async def _cancel_live_runs(bridge: Bridge, thread_id: uuid.UUID) -> int:
    cancelled: set[uuid.UUID] = set()
    for _ in range(MOST_LOOKS):
        runs = await bridge.list_runs(thread_id, limit=RUNS_PER_LOOK)
        live = [run.run_id for run in runs if not run.is_over]
        if not live:
            break
        for run_id in live:
            await bridge.cancel_run(thread_id, run_id)
        cancelled.update(live)
    return len(cancelled)
