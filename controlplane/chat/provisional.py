"""Decides about provisional sessions: real once their thread is seen, withdrawn when it never comes."""

import asyncio
import time
import uuid
from datetime import datetime, timedelta

import structlog
from asgiref.sync import sync_to_async
from django.utils import timezone

from controlplane.agent_server.bridges import bridge_for_service
from controlplane.agent_server.patience import answered_in_time
from controlplane.api.waiting import free_thread
from controlplane.chat.models import ChatSession
from controlplane.runs.mirror import session_withdraw
from sdk_bridge import Bridge, BridgeError, Retryable, ThreadNotFound

logger = structlog.get_logger(__name__)

# Threads of younger ones are still being made.
OLD_ENOUGH = timedelta(seconds=3)
# A thread is made within a moment of its claim; one that is not there by now never comes.
WITHDRAW_AFTER = timedelta(seconds=60)
SESSIONS_PER_SWEEP = 500
SECONDS_PER_SWEEP = 12.0
# A list is worth a moment of looking for threads that are newer than it; the sweep finds the rest.
SESSIONS_PER_LOOK = 20
SECONDS_PER_LOOK = 2.0


async def sweep_provisional_sessions() -> int:
    """Look at provisional sessions once, as far as the time allows; returns how many were decided.

    One that cannot be read does not hold up the others. Raises Retryable when the Agent Server is away.
    """
    deadline = time.monotonic() + SECONDS_PER_SWEEP
    decided = 0
    # In no order, so that one which stays undecided cannot keep the others waiting.
    due = ChatSession.objects.provisional().filter(updated_at__lt=timezone.now() - OLD_ENOUGH).order_by("?")
    sessions = [session async for session in due.values_list("pk", "user_id")[:SESSIONS_PER_SWEEP]]
    if not sessions:
        return 0
    async with bridge_for_service() as bridge:
        for session_id, owner_id in sessions:
            if time.monotonic() > deadline:
                break
            try:
                decided += await _decide(bridge, session_id, owner_id)
            except Retryable:
                raise
            except BridgeError as error:
                logger.warning("session_not_decided", session_id=str(session_id), code=error.code)
    return decided


async def decide_before_listing(*, owner_id: uuid.UUID) -> None:
    """Look at a user's newest provisional sessions, so that a thread just made is in the list.

    What cannot be decided within a moment is left to the sweep.
    """
    newest = ChatSession.objects.owned_by(owner_id).provisional().order_by("-updated_at")
    session_ids = [pk async for pk in newest.values_list("pk", flat=True)[:SESSIONS_PER_LOOK]]
    if not session_ids:
        return
    await free_thread()
    try:
        async with asyncio.timeout(SECONDS_PER_LOOK), bridge_for_service() as bridge:
            for session_id in session_ids:
                await _decide(bridge, session_id, owner_id)
    except (TimeoutError, BridgeError) as error:
        logger.warning("sessions_not_decided", owner_id=str(owner_id), error=repr(error))


async def decide_before_deleting(*, session_id: uuid.UUID, owner_id: uuid.UUID) -> None:
    """Look for the thread of a session if it has not been seen yet. Raises BridgeError."""
    mine = ChatSession.objects.owned_by(owner_id).provisional().filter(pk=session_id)
    if not await mine.aexists():
        return
    await free_thread()
    async with answered_in_time(), bridge_for_service() as bridge:
        await _decide(bridge, session_id, owner_id)


async def decide_for_deletion(*, owner_id: uuid.UUID) -> int:
    """Decide about all sessions of an account that is off; returns how many wait for a run to be settled.

    Nobody can claim for it any more, so a thread that is not there now never comes. Raises BridgeError.
    """
    mine = ChatSession.objects.owned_by(owner_id).provisional()
    session_ids = [pk async for pk in mine.order_by("pk").values_list("pk", flat=True)]
    if session_ids:
        async with bridge_for_service() as bridge:
            for session_id in session_ids:
                await _decide(bridge, session_id, owner_id, patience=timedelta())
    return await mine.acount()


def session_confirm(*, session_id: uuid.UUID, owner_id: uuid.UUID) -> bool:
    """Note that a user's thread was seen; returns whether that was news."""
    provisional = ChatSession.objects.owned_by(owner_id).provisional().filter(pk=session_id)
    return provisional.update(is_provisional=False) == 1


async def _decide(
    bridge: Bridge, session_id: uuid.UUID, owner_id: uuid.UUID, *, patience: timedelta = WITHDRAW_AFTER
) -> bool:
    asked_at = timezone.now()
    try:
        thread = await bridge.get_thread(session_id)
    except ThreadNotFound:
        return await _withdraw(session_id, claimed_before=asked_at - patience)
    if thread.metadata.get("owner") == str(owner_id):
        return await sync_to_async(session_confirm)(session_id=session_id, owner_id=owner_id)
    # The thread is somebody else's, whom a mirror of the wrong user must not keep out.
    return await _withdraw(session_id, claimed_before=asked_at)


async def _withdraw(session_id: uuid.UUID, *, claimed_before: datetime) -> bool:
    withdrawn = await sync_to_async(session_withdraw)(session_id=session_id, claimed_before=claimed_before)
    if withdrawn:
        logger.info("session_withdrawn", session_id=str(session_id))
    return withdrawn
