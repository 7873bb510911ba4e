"""Compares the ledger with what the threads themselves say was used, message by message."""

from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from asgiref.sync import sync_to_async

from controlplane.agent_server.bridges import bridge_for_service
from controlplane.chat.models import ChatSession
from controlplane.maintenance.archived_months import is_archived
from controlplane.maintenance.batches import key_batches
from controlplane.usage.models import TokenUsage
from sdk_bridge import Bridge, Message, ThreadNotFound

MESSAGES_PER_PAGE: Final = 1_000


class Kind(StrEnum):
    """What is wrong with one call, or with one session."""

    NOT_BOOKED = "not_booked"
    FIGURES_DIFFER = "figures_differ"
    STILL_PENDING = "still_pending"
    BOOKED_TO_ANOTHER = "booked_to_another"
    THREAD_MISSING = "thread_missing"


@dataclass(frozen=True, kw_only=True)
class Difference:
    """What a thread says of one call, and what is booked for it: tokens in and out, None where nothing is."""

    kind: Kind
    session_id: UUID
    attempt_id: UUID | None = None
    said: tuple[int, int] | None = None
    booked: tuple[int, int] | None = None


@dataclass(kw_only=True)
class Comparison:
    """One session: how many answers agree with the ledger, and which do not.

    `unmarked` answers name no call (an older graph's, or another's); `archived` ones are of months that were
    moved out; `not_shown` calls were finished and are not in the thread as it is now: their answers were
    edited away, regenerated or rolled back, or the call was no answer.
    """

    session_id: UUID
    agreeing: int = 0
    unmarked: int = 0
    archived: int = 0
    not_shown: int = 0
    differences: list[Difference] = field(default_factory=list)


async def usage_reconcile(
    *, user_id: UUID | None = None, session_id: UUID | None = None, since: datetime | None = None
) -> AsyncIterator[Comparison]:
    """Compare session after session, those that were used since a moment; nothing is changed.

    Raises BridgeError when the Agent Server cannot be asked.
    """
    sessions = ChatSession.objects.existing().filter(is_provisional=False)
    if user_id is not None:
        sessions = sessions.owned_by(user_id)
    if session_id is not None:
        sessions = sessions.filter(pk=session_id)
    if since is not None:
        sessions = sessions.filter(updated_at__gte=since)
    batches = key_batches(sessions)
    async with bridge_for_service() as bridge:
        while batch := await sync_to_async(lambda: next(batches, None))():
            for one in batch:
                yield await _compare(bridge, one)


async def _compare(bridge: Bridge, session_id: UUID) -> Comparison:
    try:
        answers = await _answers(bridge, session_id)
    except ThreadNotFound:
        missing = Difference(kind=Kind.THREAD_MISSING, session_id=session_id)
        return Comparison(session_id=session_id, differences=[missing])
    return await sync_to_async(answers_compare)(session_id=session_id, answers=answers)


async def _answers(bridge: Bridge, session_id: UUID) -> list[Message]:
    """Read the answers of a whole thread that say what they used."""
    found: list[Message] = []
    before: int | None = None
    while True:
        page = await bridge.read_history(session_id, limit=MESSAGES_PER_PAGE, before=before)
        found += [one for one in page.messages if one.role == "ai" and one.usage is not None]
        if not page.has_earlier:
            return found
        before = page.first_index


def answers_compare(*, session_id: UUID, answers: Iterable[Message]) -> Comparison:
    """Hold the answers of one thread against the ledger's rows."""
    comparison = Comparison(session_id=session_id)
    marked: dict[UUID, tuple[int, int]] = {}
    for answer in answers:
        if answer.attempt_id is None or answer.usage is None:
            comparison.unmarked += 1
            continue
        marked[answer.attempt_id] = (answer.usage.input_tokens, answer.usage.output_tokens)
    rows = TokenUsage.objects.in_bulk(list(marked))
    for attempt_id, said in marked.items():
        _hold(comparison, attempt_id, said, rows)
    of_session = TokenUsage.objects.filter(chat_session_id=session_id, outcome=TokenUsage.Outcome.FINISHED)
    comparison.not_shown = of_session.settled().exclude(pk__in=list(marked)).count()
    return comparison


def _hold(
    comparison: Comparison, attempt_id: UUID, said: tuple[int, int], rows: Mapping[UUID, TokenUsage]
) -> None:
    row = rows.get(attempt_id)
    if row is None and is_archived(attempt_id):
        comparison.archived += 1
        return
    kind = _judge(comparison.session_id, said, row)
    if kind is None:
        comparison.agreeing += 1
        return
    booked = None if row is None else (row.prompt_tokens, row.completion_tokens)
    comparison.differences.append(
        Difference(
            kind=kind, session_id=comparison.session_id, attempt_id=attempt_id, said=said, booked=booked
        )
    )


def _judge(session_id: UUID, said: tuple[int, int], row: TokenUsage | None) -> Kind | None:
    if row is None:
        return Kind.NOT_BOOKED
    if row.state == TokenUsage.State.PENDING:
        return Kind.STILL_PENDING
    if (row.prompt_tokens, row.completion_tokens) != said:
        return Kind.FIGURES_DIFFER
    # A copy of a thread shows answers that another session of its user has paid for.
    is_elsewhere = row.chat_session_id not in (session_id, None)
    return Kind.BOOKED_TO_ANOTHER if is_elsewhere and not _is_copy(session_id, row) else None


def _is_copy(session_id: UUID, row: TokenUsage) -> bool:
    return ChatSession.objects.filter(pk=session_id, user_id=row.user_id).exists()
