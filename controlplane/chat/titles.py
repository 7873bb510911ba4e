"""Has the titles of new conversations worded by a model, and never takes the place of an owner's own."""

import time
import uuid
from datetime import timedelta
from typing import Final

import structlog
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db.models import F
from django.utils import timezone

from controlplane.agent_server.bridges import bridge_for_service
from controlplane.chat.models import ChatSession
from controlplane.chat.models.sessions import DEFAULT_TITLE
from sdk_bridge import BridgeError, Retryable, ServiceAnswer, ServiceRun

logger = structlog.get_logger(__name__)

LONGEST_TITLE: Final = 80
SECONDS_PER_TITLE: Final = 60.0
# Longer than one takes: what is due again then was left by a process that died.
TRY_AGAIN_AFTER: Final = timedelta(minutes=2)
TITLES_PER_SWEEP: Final = 20
SECONDS_PER_SWEEP: Final = 20.0


async def session_title(*, session_id: uuid.UUID) -> bool:
    """Have one session's title worded, if that is due; returns whether it got one.

    Of several at once one does it. What may succeed later stays due, the rest waits for the next exchange;
    after three tries it stays as it is.
    """
    session = await sync_to_async(title_claim)(session_id=session_id)
    if session is None:
        return False
    try:
        answer = await _worded(session)
    except BridgeError as error:
        await sync_to_async(_give_up)(session, code=error.code, is_retryable=isinstance(error, Retryable))
        return False
    if answer.failure is not None:
        failure = answer.failure
        await sync_to_async(_give_up)(session, code=failure.code, is_retryable=failure.retryable)
        return False
    return await sync_to_async(title_set)(session_id=session.pk, title=answer.values.get("title"))


async def sweep_titles() -> int:
    """Have titles worded that are due, as far as the time allows; returns how many there are now."""
    if not settings.AUTO_TITLES:
        return 0
    deadline = time.monotonic() + SECONDS_PER_SWEEP
    due = ChatSession.objects.title_due().order_by("title_due_at").values_list("pk", flat=True)
    worded = 0
    async for session_id in due[:TITLES_PER_SWEEP]:
        if time.monotonic() > deadline:
            break
        worded += await session_title(session_id=session_id)
    return worded


def title_claim(*, session_id: uuid.UUID) -> ChatSession | None:
    """Take the wording of a title upon oneself, if it is due and nobody else has; one statement decides."""
    if not settings.AUTO_TITLES:
        return None
    due = ChatSession.objects.title_due().filter(pk=session_id)
    claimed = due.update(title_due_at=timezone.now() + TRY_AGAIN_AFTER, title_tries=F("title_tries") + 1)
    return ChatSession.objects.filter(pk=session_id).first() if claimed else None


def title_set(*, session_id: uuid.UUID, title: object) -> bool:
    """Give a session a model's title, unless it has one by now; returns whether it did.

    `updated_at` stays: a name is no activity, and must not move the session in the list.
    """
    mine = ChatSession.objects.existing().filter(pk=session_id)
    words = _one_line(title) if isinstance(title, str) else ""
    if not words or words == DEFAULT_TITLE:
        mine.update(title_due_at=None)
        return False
    named = mine.untitled().update(
        title=words, title_origin=ChatSession.TitleOrigin.GENERATED, title_due_at=None
    )
    return bool(named)


def _one_line(text: str) -> str:
    return " ".join(text.replace("\x00", "").split())[:LONGEST_TITLE].strip()


async def _worded(session: ChatSession) -> ServiceAnswer:
    request = ServiceRun(
        assistant="summarizer",
        input={"task": "title"},
        user_id=session.user_id,
        source_thread_id=session.pk,
    )
    async with bridge_for_service() as bridge:
        return await bridge.run_for_service(request, within=SECONDS_PER_TITLE)


def _give_up(session: ChatSession, *, code: str, is_retryable: bool) -> None:
    logger.info("title_not_worded", session_id=str(session.pk), code=code, is_retryable=is_retryable)
    if not is_retryable:
        ChatSession.objects.filter(pk=session.pk).update(title_due_at=None)
