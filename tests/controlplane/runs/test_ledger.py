"""Each call is booked once: by its record, or by the estimate of its permit."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from uuid_utils.compat import uuid7

from controlplane.chat.models import ChatSession
from controlplane.runs.admission import Role
from controlplane.runs.context import Wishes
from controlplane.runs.ledger import estimate_commit, record_commit
from controlplane.runs.permits import call_permit
from controlplane.usage.models import DailyCounter, TokenUsage
from sdk_bridge import UsageRecord
from tests.controlplane.in_parallel import in_parallel


@pytest.fixture
def permitted(admitted, call_request):
    """A call that was permitted, as the record tells that it ended."""

    def permit(**changes) -> UsageRecord:
        run = admitted(**changes)
        request = call_request(run)
        call_permit(request)
        return UsageRecord(
            attempt_id=request.attempt_id,
            run_id=run.pk,
            provider="openai",
            model="gpt-4o",
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

    return permit


def test_record_replaces_the_estimate(permitted):
    assert record_commit(permitted())
    row = TokenUsage.objects.get()
    assert (row.state, row.outcome, row.provider, row.is_estimated) == (
        "settled",
        "finished",
        "openai",
        False,
    )
    assert (row.prompt_tokens, row.completion_tokens, row.total_tokens) == (80, 20, 100)
    assert (row.cached_tokens, row.reasoning_tokens, row.response_time_ms) == (40, 5, 812)
    # 40 plain at 2.50, 40 cached at 1.25 and 20 answered at 10 US dollars per million.
    assert (row.prompt_cost, row.completion_cost) == (Decimal("0.00015"), Decimal("0.0002"))
    assert (row.total_cost, row.reserved_tokens, row.reserved_cost) == (Decimal("0.00035"), 0, 0)
    assert row.settled_at is not None


def test_reservation_becomes_use_on_the_counter_and_the_session(permitted):
    record_commit(permitted())
    counter, session = DailyCounter.objects.get(), ChatSession.objects.get()
    assert (counter.tokens, counter.cost) == (100, Decimal("0.00035"))
    assert (counter.reserved_tokens, counter.reserved_cost) == (0, 0)
    assert (session.total_tokens_used, session.total_cost) == (100, Decimal("0.00035"))


def test_repeated_record_is_booked_once(permitted):
    record = permitted()
    assert [record_commit(record), record_commit(record)] == [True, False]
    assert DailyCounter.objects.get().tokens == 100
    assert ChatSession.objects.get().total_tokens_used == 100


def test_call_without_a_record_is_booked_by_its_estimate(permitted):
    record = permitted()
    assert estimate_commit(attempt_id=record.attempt_id, run_id=record.run_id)
    row, counter = TokenUsage.objects.get(), DailyCounter.objects.get()
    assert (row.state, row.outcome, row.is_estimated, row.total_tokens) == ("settled", "unknown", True, 150)
    assert (row.total_cost, row.is_priced) == (Decimal("0.00075"), True)
    assert (counter.tokens, counter.reserved_tokens) == (150, 0)


def books() -> tuple[object, ...]:
    """What the call left on its row, its day and its session."""
    row, counter, session = TokenUsage.objects.get(), DailyCounter.objects.get(), ChatSession.objects.get()
    on_day = (counter.tokens, counter.cost, counter.reserved_tokens, counter.reserved_cost)
    on_session = (session.total_tokens_used, session.total_cost)
    return (row.outcome, row.is_estimated, row.total_tokens, row.total_cost), on_day, on_session


BY_RECORD = (
    ("finished", False, 100, Decimal("0.00035")),
    (100, Decimal("0.00035"), 0, 0),
    (100, Decimal("0.00035")),
)


def test_record_that_comes_after_the_estimate_takes_its_place_once(permitted):
    record = permitted()
    estimate_commit(attempt_id=record.attempt_id, run_id=record.run_id)
    assert books()[1:] == ((150, Decimal("0.00075"), 0, 0), (150, Decimal("0.00075")))

    assert [record_commit(record), record_commit(record)] == [True, False]

    assert books() == BY_RECORD


def test_late_record_leaves_the_session_as_recently_used_as_it_was(permitted):
    record = permitted()
    estimate_commit(attempt_id=record.attempt_id, run_id=record.run_id)
    before = ChatSession.objects.get().updated_at
    record_commit(record)
    assert ChatSession.objects.get().updated_at == before


def test_late_record_of_a_deleted_session_is_booked_on_the_day(permitted):
    record = permitted()
    estimate_commit(attempt_id=record.attempt_id, run_id=record.run_id)
    ChatSession.objects.all().delete()
    assert record_commit(record)
    assert DailyCounter.objects.get().tokens == 100


@pytest.mark.parametrize("outcome", ["finished", "failed", "cancelled"])
def test_what_a_record_said_is_not_corrected_by_another(permitted, outcome):
    record = replace(permitted(), outcome=outcome, is_estimated=True)
    record_commit(record)
    assert not record_commit(replace(record, output_tokens=7))
    assert DailyCounter.objects.get().tokens == 100


@pytest.mark.django_db(transaction=True)
def test_late_record_that_many_book_at_once_corrects_once(permitted):
    record = permitted()
    estimate_commit(attempt_id=record.attempt_id, run_id=record.run_id)
    outcomes = in_parallel(12, lambda _: record_commit(record))
    assert sorted(outcomes) == [False] * 11 + [True]
    assert books() == BY_RECORD


@pytest.mark.parametrize("field", ["attempt_id", "run_id"])
def test_record_without_its_permit_is_not_booked(permitted, field):
    assert not record_commit(replace(permitted(), **{field: uuid7()}))
    assert TokenUsage.objects.get().state == "pending"
    assert DailyCounter.objects.get().tokens == 0


@pytest.mark.parametrize("field", ["input_tokens", "output_tokens", "cached_tokens", "duration_ms"])
@pytest.mark.parametrize(("said", "booked"), [(-1, 0), (10**12, 10**9)], ids=["negative", "absurd"])
def test_figures_that_no_column_holds_do_not_keep_a_call_open(permitted, field, said, booked):
    assert record_commit(replace(permitted(), **{field: said}))
    columns = {
        "input_tokens": "prompt_tokens",
        "output_tokens": "completion_tokens",
        "cached_tokens": "cached_tokens",
        "duration_ms": "response_time_ms",
    }
    row = TokenUsage.objects.get()
    assert (row.state, getattr(row, columns[field])) == ("settled", booked)


@pytest.mark.parametrize("outcome", ["failed", "cancelled"])
def test_unhappy_end_is_booked_as_such(permitted, outcome):
    record_commit(replace(permitted(), outcome=outcome, is_estimated=True))
    row = TokenUsage.objects.get()
    assert (row.outcome, row.is_estimated, row.total_tokens) == (outcome, True, 100)


def test_failed_call_that_used_nothing_gives_its_reservation_back(permitted):
    record = replace(
        permitted(), outcome="failed", input_tokens=0, output_tokens=0, cached_tokens=0, reasoning_tokens=0
    )
    record_commit(record)
    counter = DailyCounter.objects.get()
    assert (counter.tokens, counter.reserved_tokens, counter.cost, counter.reserved_cost) == (0, 0, 0, 0)


def test_call_of_nobody_is_booked_without_a_counter(permitted):
    record_commit(permitted(role=Role.STUDIO, payer_id=None))
    assert TokenUsage.objects.get().total_tokens == 100
    assert not DailyCounter.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_record_that_many_book_at_once_counts_once(permitted):
    record = permitted()
    outcomes = in_parallel(20, lambda _: record_commit(record))
    assert sorted(outcomes) == [False] * 19 + [True]
    assert DailyCounter.objects.get().tokens == 100


def test_model_of_another_provider_is_billed_as_its_permit_foresaw(
    admitted, call_request, allow_models, permitted
):
    allow_models("mistral-large-latest")
    run = admitted(wishes=Wishes(model="mistral-large-latest"))
    request = call_request(run, model="mistral-large-latest")
    call_permit(request)
    foreseen = TokenUsage.objects.get()
    # The graph speaks OpenAI's protocol with everybody, and knows no more of whose model it is.
    record = replace(
        permitted(),
        attempt_id=request.attempt_id,
        run_id=run.pk,
        model="mistral-large-latest",
        input_tokens=100,
        output_tokens=50,
        cached_tokens=0,
    )

    assert record_commit(record)

    booked = TokenUsage.objects.get(pk=foreseen.pk)
    assert (foreseen.provider, booked.provider, booked.is_priced) == ("mistral", "mistral", True)
    assert booked.total_cost == foreseen.total_cost == DailyCounter.objects.get().cost > 0
