"""Keeps the index of messages after the conversations, which are read from the Agent Server."""

import time
import uuid
from collections.abc import Sequence

import structlog
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import transaction

from controlplane.agent_server.bridges import bridge_for_service
from controlplane.chat.models import ChatSession, IndexedMessage
from controlplane.chat.models.lexemes import words_of_text
from sdk_bridge import Bridge, BridgeError, History, Message, Retryable, ThreadNotFound

logger = structlog.get_logger(__name__)

PAGE = 100
# Bounds the set of one message to what Postgres can hold.
LONGEST_TEXT = 100_000
SESSIONS_PER_SWEEP = 200
SECONDS_PER_SWEEP = 8.0
ROWS_PER_EMPTYING = 5_000
INDEXED_ROLES = ("human", "ai")


async def session_index(*, session_id: uuid.UUID) -> bool:
    """Bring the index of one session up to date; returns whether there was anything to do.

    Repeats do no harm. Raises BridgeError.
    """
    async with bridge_for_service() as bridge:
        return await _index_through(bridge, session_id)


async def sweep_message_index() -> int:
    """Index sessions that have gone on, as far as the time allows, or empty the index if it is switched off.

    Returns how many sessions were changed. Raises Retryable when the Agent Server is away.
    """
    if not settings.MESSAGE_SEARCH:
        return await sync_to_async(index_empty)()
    deadline = time.monotonic() + SECONDS_PER_SWEEP
    # In no order, so that one which cannot be read does not keep the others waiting.
    due = ChatSession.objects.existing().to_index().order_by("?").values_list("pk", flat=True)
    session_ids = [pk async for pk in due[:SESSIONS_PER_SWEEP]]
    if not session_ids:
        return 0
    indexed = 0
    async with bridge_for_service() as bridge:
        for session_id in session_ids:
            if time.monotonic() > deadline:
                break
            try:
                indexed += await _index_through(bridge, session_id)
            except Retryable:
                raise
            except BridgeError as error:
                logger.warning("session_not_indexed", session_id=str(session_id), code=error.code)
    return indexed


def index_empty() -> int:
    """Forget all words of a few thousand messages; returns of how many sessions, 0 when the index is empty.

    They count as never indexed, so that switching the search on again fills the index.
    """
    with transaction.atomic():
        rows = IndexedMessage.objects.order_by("pk").values_list("session_id", flat=True)
        session_ids = set(rows[:ROWS_PER_EMPTYING])
        ChatSession.objects.filter(pk__in=session_ids).update(index_done=0)
        IndexedMessage.objects.filter(session__in=session_ids).delete()
    return len(session_ids)


async def _index_through(bridge: Bridge, session_id: uuid.UUID) -> bool:
    session = await ChatSession.objects.existing().to_index().filter(pk=session_id).afirst()
    if session is None or not settings.MESSAGE_SEARCH:
        return False
    pages = await _read_back(bridge, session)
    await sync_to_async(_write)(session, pages)
    return True


async def _read_back(bridge: Bridge, session: ChatSession) -> list[History]:
    """Read pages, newest first, until one has nothing new; that one is the last.

    It is read for its own end: an edited message keeps its id, and all that follow it are new. A page of
    tools' messages alone tells nothing, and the one before it is read as well.
    """
    try:
        page = await bridge.read_history(session.id, limit=PAGE)
    except ThreadNotFound:
        await bridge.restore_thread(session.id, graph_id=session.graph_id, owner_id=session.user_id)
        page = await bridge.read_history(session.id, limit=PAGE)
    known = {
        (message_id, position)
        async for message_id, position in session.indexed_messages.values_list("message_id", "position")
    }
    pages = [page]
    while page.has_earlier and not (_places(page) and _places(page) <= known):
        page = await bridge.read_history(session.id, limit=PAGE, before=page.first_index)
        pages.append(page)
    return pages


def _places(page: History) -> set[tuple[str, int]]:
    return {(message.id, position) for position, message in _indexable(page)}


def _indexable(page: History) -> list[tuple[int, Message]]:
    numbered = enumerate(page.messages, start=page.first_index)
    return [(at, said) for at, said in numbered if said.role in INDEXED_ROLES and said.text.strip()]


def _write(session: ChatSession, pages: Sequence[History]) -> None:
    with transaction.atomic():
        # Against a deletion, and another job on the same session: the later reading wins.
        mine = ChatSession.objects.existing().select_for_update(no_key=True)
        now = mine.filter(pk=session.pk, index_done__lt=session.index_wanted).first()
        if now is None:
            return
        said = [place for page in pages for place in _indexable(page)]
        since = min(page.first_index for page in pages)
        stored = IndexedMessage.objects.filter(session=now)
        stored.filter(position__gte=since).delete()
        # What moved here from before a cut that is gone now.
        stored.filter(message_id__in=[message.id for _, message in said]).delete()
        # Ids are the graph's: should one come twice, its first place will do.
        IndexedMessage.objects.bulk_create(
            [entry_of(now, at, message) for at, message in said], ignore_conflicts=True
        )
        now.index_done = session.index_wanted
        now.save(update_fields=["index_done"])


def entry_of(session: ChatSession, position: int, message: Message) -> IndexedMessage:
    """Make the entry of a message, not saved yet."""
    words = words_of_text(message.text[:LONGEST_TEXT], owner_id=session.user_id)
    return IndexedMessage(session=session, message_id=message.id[:200], position=position, words=words)
