"""Figures that are added up again are those that were counted live; spoiled ones are mended."""

import io
import uuid
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from uuid_utils.compat import uuid7

from controlplane.chat.models import ChatSession
from controlplane.maintenance.sums_of_days import key_counters_rebuild, months_rebuild
from controlplane.maintenance.totals import counters_rebuild, session_totals_rebuild
from controlplane.provider_keys import counters as key_counters
from controlplane.provider_keys.models import KeyCounter, UserAPIKey
from controlplane.runs.admission import Role, RunRequest, run_admit
from controlplane.runs.context import Wishes
from controlplane.runs.ledger import record_commit
from controlplane.runs.mirror import run_confirm, run_withdraw
from controlplane.runs.permits import CallRequest, call_permit
from controlplane.usage.models import DailyCounter, MonthlyCounter, TokenUsage
from sdk_bridge import UsageRecord
from tests.controlplane.in_parallel import in_parallel

SESSION = ("message_count", "total_tokens_used", "total_cost")
COUNTER = ("messages", "tokens", "cost", "reserved_tokens", "reserved_cost")


def admit(user, thread_id=None, *, is_resume=False):
    return run_admit(
        RunRequest(
            run_id=uuid.uuid4(),
            thread_id=thread_id or uuid.uuid4(),
            graph_id="agent",
            role=Role.USER,
            payer_id=user.pk,
            is_resume=is_resume,
            wishes=Wishes(),
        )
    ).run


def see(run) -> None:
    run_confirm(run_id=run.pk, status="running", started_at=run.admitted_at)


def permit(run, model="gpt-4o"):
    attempt_id = uuid7()
    call_permit(
        CallRequest(
            run_id=run.pk,
            attempt_id=attempt_id,
            model=model,
            node="call_model",
            request_type="chat",
            estimated_prompt_tokens=100,
            max_output_tokens=50,
        )
    )
    return attempt_id


def record(run, attempt_id, model="gpt-4o") -> None:
    record_commit(
        UsageRecord(
            attempt_id=attempt_id,
            run_id=run.pk,
            provider="openai",
            model=model,
            node="call_model",
            request_type="chat",
            outcome="finished",
            input_tokens=80,
            output_tokens=20,
            cached_tokens=40,
            reasoning_tokens=5,
            is_estimated=False,
            duration_ms=812,
            ended_at=datetime(2026, 3, 1, tzinfo=UTC),
        )
    )


@pytest.fixture
def counted_live(user, stranger):
    """Turns, a resume, a call that is under way, one without a price and a run that never came."""
    first = admit(user)
    see(first)
    record(first, permit(first))
    record(first, permit(first, "no-such-model"), "no-such-model")
    resumed = admit(user, first.thread_id, is_resume=True)
    see(resumed)
    record(resumed, permit(resumed))
    second = admit(user, first.thread_id)
    see(second)
    permit(second)
    admit(user)  # not seen yet: counted on the day, not on its session
    run_withdraw(run_id=admit(user).pk)
    other = admit(stranger)
    see(other)
    record(other, permit(other))
    return ChatSession.objects.get(pk=first.thread_id)


def figures() -> list[object]:
    sessions = ChatSession.objects.order_by("pk").values_list("pk", "updated_at", *SESSION)
    return [*sessions, *DailyCounter.objects.order_by("pk").values_list("pk", *COUNTER)]


def test_agrees_with_what_was_counted_live(counted_live, user):
    before = figures()
    assert ChatSession.objects.values_list(*SESSION).get(pk=counted_live.pk) == (2, 300, Decimal("0.0007"))
    assert DailyCounter.objects.values_list(*COUNTER).get(user=user) == (
        3,
        300,
        Decimal("0.0007"),
        150,
        Decimal("0.00075"),
    )

    sessions, counters = session_totals_rebuild(), counters_rebuild()

    assert (sessions.looked_at, sessions.drifts) == (3, [])
    assert (counters.looked_at, counters.drifts) == (2, [])
    assert figures() == before


def spoil() -> None:
    ChatSession.objects.update(message_count=99, total_tokens_used=1, total_cost=7)
    DailyCounter.objects.update(messages=0, tokens=5, cost=1, reserved_tokens=77, reserved_cost=3)


def test_mends_what_was_spoiled(counted_live):
    before = figures()
    spoil()

    assert len(session_totals_rebuild().drifts) == 3
    assert len(counters_rebuild().drifts) == 2
    assert figures() == before
    assert (session_totals_rebuild().drifts, counters_rebuild().drifts) == ([], [])


def test_dry_run_says_what_differs_and_changes_nothing(counted_live):
    spoil()
    before = figures()

    (drift,) = [one for one in session_totals_rebuild(dry_run=True).drifts if str(counted_live.pk) in one.of]

    assert drift.figures == {
        "message_count": (99, 2),
        "total_tokens_used": (1, 300),
        "total_cost": (Decimal(7), Decimal("0.0007")),
    }
    assert figures() == before


def test_one_user_can_be_mended_alone(counted_live, user, stranger):
    spoil()

    output = io.StringIO()
    call_command("rebuild_totals", user=user.email.upper(), stdout=output)

    assert "2 sessions looked at, 2 mended.\n" in output.getvalue()
    assert "1 daily counters looked at, 1 mended.\n" in output.getvalue()
    assert DailyCounter.objects.get(user=user).messages == 3
    assert DailyCounter.objects.get(user=stranger).tokens == 5


def test_user_can_be_named_by_id(counted_live, user):
    output = io.StringIO()
    call_command("rebuild_totals", user=str(user.pk), dry_run=True, stdout=output)

    assert output.getvalue().splitlines() == [
        "2 sessions looked at, 0 differ.",
        "1 daily counters looked at, 0 differ.",
        "1 monthly counters looked at, 0 differ.",
        "0 counters of keys looked at, 0 differ.",
    ]


def test_unknown_user_is_said_to_be_unknown(db):
    with pytest.raises(CommandError, match="There is no user nobody"):
        call_command("rebuild_totals", user="nobody@example.com")


def test_number_of_queries_does_not_grow_with_the_rows(user, django_assert_num_queries):
    ChatSession.objects.bulk_create(ChatSession(user=user) for _ in range(30))

    # A page of keys, the transaction's two ends, the lock, two sums, the archive's months and its sums, and
    # the page after the last.
    with django_assert_num_queries(9):
        session_totals_rebuild()


@pytest.mark.django_db(transaction=True)
def test_nothing_is_lost_while_the_system_runs(user):
    run = admit(user)
    see(run)
    attempts = [permit(run) for _ in range(6)]

    def work(number: int) -> object:
        if number < len(attempts):
            return record(run, attempts[number])
        return session_totals_rebuild().looked_at + counters_rebuild().looked_at

    results = in_parallel(9, work)

    assert results == [None] * 6 + [2] * 3
    assert ChatSession.objects.values_list(*SESSION).get() == (1, 600, Decimal("0.0021"))
    assert DailyCounter.objects.values_list(*COUNTER).get() == (1, 600, Decimal("0.0021"), 0, 0)
    assert TokenUsage.objects.settled().count() == 6


def test_months_and_keys_are_mended_from_days_and_calls(user):
    run = admit(user)
    record(run, permit(run))
    key = UserAPIKey.objects.create(user=user, provider="openai", key_name="Mine")
    day = key_counters.reserve(key, tokens=100)
    TokenUsage.objects.create(user=user, model_name="m", prompt_tokens=60, key_counter=day)
    TokenUsage.objects.create(user=user, model_name="m", state="pending", reserved_tokens=40, key_counter=day)
    MonthlyCounter.objects.update(messages=9, tokens=1, reserved_tokens=7, cost=0)
    KeyCounter.objects.update(tokens=1, reserved_tokens=1)

    assert [len(months_rebuild().drifts), len(key_counters_rebuild().drifts)] == [1, 2]

    day, month = DailyCounter.objects.get(), MonthlyCounter.objects.get()
    assert all(getattr(day, name) == getattr(month, name) for name in COUNTER)
    assert (month.messages, month.tokens, month.reserved_tokens) == (1, 100, 0)
    assert set(KeyCounter.objects.values_list("tokens", "reserved_tokens")) == {(60, 40)}
    assert [months_rebuild().drifts, key_counters_rebuild().drifts] == [[], []]
