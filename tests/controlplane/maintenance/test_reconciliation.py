"""Each way in which a thread and the ledger can disagree is told by its name."""

from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from controlplane.chat.models import ChatSession
from controlplane.maintenance.reconciliation import Kind, answers_compare
from controlplane.usage.models import TokenUsage
from sdk_bridge import Message
from sdk_bridge.messages import TokenCounts


@pytest.fixture
def session(user):
    return ChatSession.objects.create(user=user)


@pytest.fixture
def booked(user, session):
    """A settled call of 30 + 10 tokens."""

    def book(**changes: object) -> TokenUsage:
        given = {"user": user, "chat_session": session, "model_name": "gpt-4o"}
        figures = {"prompt_tokens": 30, "completion_tokens": 10}
        return TokenUsage.objects.create(**{**given, **figures, **changes})

    return book


def answer(attempt_id, said=(30, 10)) -> Message:
    return Message(id="m", role="ai", text="Yes.", usage=TokenCounts(*said), attempt_id=attempt_id)


def compare(session, *answers: Message):
    return answers_compare(session_id=session.pk, answers=answers)


def test_answers_that_are_booked_agree(session, booked):
    comparison = compare(session, answer(booked().pk), answer(booked().pk))
    assert (comparison.agreeing, comparison.not_shown, comparison.differences) == (2, 0, [])


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"prompt_tokens": 29}, Kind.FIGURES_DIFFER),
        ({"completion_tokens": 11}, Kind.FIGURES_DIFFER),
        ({"state": "pending"}, Kind.STILL_PENDING),
    ],
    ids=["prompt", "completion", "pending"],
)
def test_call_that_is_booked_otherwise_is_told(session, booked, changes, kind):
    row = booked(**changes)
    (difference,) = compare(session, answer(row.pk)).differences
    assert (difference.kind, difference.attempt_id, difference.said) == (kind, row.pk, (30, 10))
    assert difference.booked == (row.prompt_tokens, row.completion_tokens)


def test_call_that_is_not_booked_is_told(session):
    attempt_id = uuid7()
    (difference,) = compare(session, answer(attempt_id)).differences
    assert (difference.kind, difference.attempt_id, difference.booked) == (Kind.NOT_BOOKED, attempt_id, None)


@pytest.mark.parametrize("attempt_id", [2**128 - 1, 253402300799999 << 80], ids=["beyond-time", "last-day"])
def test_ids_that_nobody_made_do_not_stop_the_comparison(session, attempt_id):
    (difference,) = compare(session, answer(UUID(int=attempt_id))).differences
    assert difference.kind is Kind.NOT_BOOKED


def test_call_of_somebody_else_is_told(session, booked, stranger):
    theirs = ChatSession.objects.create(user=stranger)
    (difference,) = compare(session, answer(booked(user=stranger, chat_session=theirs).pk)).differences
    assert difference.kind is Kind.BOOKED_TO_ANOTHER


def test_copy_shows_answers_that_its_source_has_paid_for(user, session, booked):
    source = ChatSession.objects.create(user=user)
    comparison = compare(session, answer(booked(chat_session=source).pk))
    assert (comparison.agreeing, comparison.differences) == (1, [])


def test_what_no_answer_shows_is_counted(session, booked):
    booked()
    booked(outcome="cancelled")
    comparison = compare(session, answer(None))
    assert (comparison.not_shown, comparison.unmarked, comparison.differences) == (1, 1, [])
