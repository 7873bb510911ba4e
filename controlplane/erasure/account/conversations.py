"""Ends and erases all conversations of an account that is off, those included that only the server knows."""

import time
import uuid
from collections import Counter
from dataclasses import dataclass

import structlog
from asgiref.sync import sync_to_async
from django.db.models import F

from controlplane.agent_server.bridges import bridge_for_service
from controlplane.chat.models import ChatSession, DeletedThread
from controlplane.chat.provisional import decide_for_deletion
from controlplane.chat.services import sessions_delete
from controlplane.erasure.sessions import session_erase
from controlplane.runs.models import Run
from sdk_bridge import Bridge, BridgeError, Retryable, RunNotFound

logger = structlog.get_logger(__name__)

SESSIONS_PER_BATCH = 200
THREADS_PER_PAGE = 100


@dataclass(frozen=True, kw_only=True)
class Visit:
    """What a visit has erased beside conversations, which have their own receipts; and if it got through."""

    found: Counter[str]
    is_complete: bool


async def conversations_erase(*, user_id: uuid.UUID, deadline: float, to_the_end: bool) -> Visit:
    """Erase all conversations until a moment of the monotonic clock; `to_the_end` asks for their last looks.

    Counts `threads` that had no session, and `store_items`. Raises BridgeError, OSError and Unavailable.
    """
    found: Counter[str] = Counter()
    await _cancel_all(user_id)
    waiting = await decide_for_deletion(owner_id=user_id)
    while deleted := await sync_to_async(sessions_delete)(owner_id=user_id, limit=SESSIONS_PER_BATCH):
        found["sessions"] += len(deleted)
    found["threads"] = await _bury_unknown_threads(user_id)
    is_complete = waiting == 0 and await _erase_buried(user_id, deadline, to_the_end=to_the_end)
    if is_complete:
        found["store_items"] = await _erase_items(user_id)
    return Visit(found=+found, is_complete=is_complete)


async def _cancel_all(user_id: uuid.UUID) -> None:
    """Stop what is live first: each further word costs somebody money."""
    live = Run.objects.owned_by(user_id).unsettled().filter(ended_at=None)
    places = live.values_list("thread_id", "pk")
    runs = [(thread_id, run_id) async for thread_id, run_id in places if thread_id is not None]
    if not runs:
        return
    async with bridge_for_service() as bridge:
        for thread_id, run_id in runs:
            await _cancel(bridge, thread_id, run_id)


async def _cancel(bridge: Bridge, thread_id: uuid.UUID, run_id: uuid.UUID) -> None:
    try:
        await bridge.cancel_run(thread_id, run_id, wait=False)
    except RunNotFound:
        return


async def _bury_unknown_threads(user_id: uuid.UUID) -> int:
    """Put up tombstones for threads of the owner that no session knows; returns how many were found."""
    async with bridge_for_service() as bridge:
        thread_ids = await bridge.find_threads(user_id, limit=THREADS_PER_PAGE)
    buried = 0
    for thread_id in thread_ids:
        # A session of somebody else's under this id is a matter for people.
        if not await ChatSession.objects.filter(pk=thread_id).aexists():
            _, is_new = await DeletedThread.objects.aget_or_create(
                thread_id=thread_id, defaults={"user_id": user_id}
            )
            buried += is_new
    return buried


async def _erase_buried(user_id: uuid.UUID, deadline: float, *, to_the_end: bool) -> bool:
    begun = DeletedThread.objects.filter(user_id=user_id, checked_at=None)
    fresh_first = begun.order_by(F("erased_at").asc(nulls_first=True), "deleted_at")
    failure: BridgeError | None = None
    for thread_id in [pk async for pk in fresh_first.values_list("pk", flat=True)]:
        if time.monotonic() > deadline:
            return False
        try:
            await session_erase(thread_id=thread_id)
        except Retryable:
            raise
        except BridgeError as error:
            # One that cannot be erased does not keep the others from it; the account waits for all.
            logger.warning("conversation_not_erased", thread_id=str(thread_id), code=error.code)
            failure = error
    if failure is not None:
        raise failure
    left = begun if to_the_end else begun.filter(erased_at=None)
    return not await left.aexists()


async def _erase_items(user_id: uuid.UUID) -> int:
    threadless = Run.objects.owned_by(user_id).filter(thread_id=None, settled_at__isnull=False)
    async with bridge_for_service() as bridge:
        erased = await bridge.erase_items(("users", str(user_id)))
        async for run_id in threadless.values_list("pk", flat=True):
            erased += await bridge.erase_items(("usage", str(run_id)))
    return erased
