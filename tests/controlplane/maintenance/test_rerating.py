"""Settled calls are priced again by the prices of their own moments; the differences are booked."""

import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command

from controlplane.chat.models import ChatSession
from controlplane.maintenance import batches
from controlplane.maintenance.rerating import usage_rerate
from controlplane.usage.models import DailyCounter, TokenUsage
from controlplane.usage.periods import Period
from controlplane.usage.services import price_add

DAY = date(2026, 3, 1)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MARCH = Period(first=DAY, last=date(2026, 3, 31))
RAW = ("prompt_tokens", "completion_tokens", "cached_tokens", "reasoning_tokens", "settled_at", "outcome")


@pytest.fixture
def session(user) -> ChatSession:
    return ChatSession.objects.create(user=user, total_cost=10)


@pytest.fixture
def counter(user) -> DailyCounter:
    return DailyCounter.objects.create(user=user, day=DAY, resets_at=NOON, cost=10)


@pytest.fixture
def book(user, session, counter):
    """Write settled calls of a model that no table knows."""

    def write(at: datetime = NOON, **fields) -> TokenUsage:
        given = {
            "user": user,
            "chat_session": session,
            "counter": counter,
            "model_name": "own-model",
            "prompt_tokens": 1_000_000,
            "completion_tokens": 500_000,
            "created_at": at,
        }
        return TokenUsage.objects.create(**{**given, **fields})

    return write


def keep_price(*, at: datetime = NOON - timedelta(days=1), price: int = 2, model: str = "own-model") -> None:
    price_add(model_name=model, input_mtok=Decimal(price), output_mtok=Decimal(2 * price), valid_from=at)


def state() -> list[object]:
    return [
        list(TokenUsage.objects.order_by("pk").values()),
        list(ChatSession.objects.order_by("pk").values()),
        list(DailyCounter.objects.order_by("pk").values()),
    ]


def test_price_that_became_known_is_booked(book, session, counter):
    row = book()
    raw = TokenUsage.objects.values(*RAW).get()
    keep_price()

    done = usage_rerate(period=MARCH)

    assert (done.looked_at, done.changed, done.unpriced, done.difference) == (1, 1, 0, Decimal(4))
    row.refresh_from_db()
    assert (row.prompt_cost, row.completion_cost, row.total_cost, row.is_priced) == (2, 2, 4, True)
    session_before = session.updated_at
    session.refresh_from_db()
    counter.refresh_from_db()
    assert (session.total_cost, counter.cost, session.updated_at) == (14, 14, session_before)
    assert TokenUsage.objects.values(*RAW).get() == raw


def test_repeat_changes_nothing(book):
    book()
    keep_price()
    usage_rerate(period=MARCH)
    before = state()

    done = usage_rerate(period=MARCH)

    assert (done.looked_at, done.changed, done.difference) == (1, 0, 0)
    assert state() == before


def test_dry_run_says_what_would_change(book):
    book()
    keep_price()
    before = state()

    done = usage_rerate(period=MARCH, dry_run=True)

    assert (done.changed, done.difference) == (1, 4)
    assert state() == before


def test_each_call_is_priced_by_its_own_moment(book):
    keep_price(price=2)
    keep_price(price=6, at=NOON + timedelta(hours=1))
    before, after = book(), book(at=NOON + timedelta(hours=2))

    usage_rerate(period=MARCH)

    before.refresh_from_db()
    after.refresh_from_db()
    assert (before.total_cost, after.total_cost) == (4, 12)


def test_price_that_falls_is_given_back(book, session, counter):
    book(total_cost=9, prompt_cost=5, completion_cost=4, is_priced=True)
    keep_price()

    assert usage_rerate(period=MARCH).difference == -5
    session.refresh_from_db()
    counter.refresh_from_db()
    assert (session.total_cost, counter.cost) == (5, 5)


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"at": datetime(2026, 2, 28, 23, 59, tzinfo=UTC)}, id="before"),
        pytest.param({"at": datetime(2026, 4, 1, tzinfo=UTC)}, id="after"),
        pytest.param({"state": "pending"}, id="pending"),
        pytest.param({"model_name": "other-model"}, id="other-model"),
    ],
)
def test_other_calls_stay_as_they_are(book, fields):
    book(**fields)
    keep_price(at=NOON - timedelta(days=90))
    keep_price(at=NOON - timedelta(days=90), model="other-model")
    before = state()

    assert usage_rerate(period=MARCH, model_name="own-model").looked_at == 0
    assert state() == before


def test_call_without_a_price_stays_without(book):
    row = book()

    done = usage_rerate(period=MARCH)

    row.refresh_from_db()
    assert (done.changed, done.unpriced, row.total_cost, row.is_priced) == (0, 1, None, False)


def test_call_of_no_session_and_no_counter_is_priced_too(book):
    row = book(chat_session=None, counter=None, user=None)
    keep_price()

    usage_rerate(period=MARCH)

    row.refresh_from_db()
    assert row.total_cost == 4


def test_batches_follow_each_other_without_gap(book, session, monkeypatch):
    monkeypatch.setattr(batches.key_batches, "__kwdefaults__", {"by": "pk", "size": 2})
    for minute in (0, 0, 0, 1, 2):
        book(at=NOON + timedelta(minutes=minute))
    keep_price()

    assert usage_rerate(period=MARCH).changed == 5
    session.refresh_from_db()
    assert session.total_cost == 30


def test_a_batch_takes_a_constant_number_of_queries(book, django_assert_num_queries):
    for _ in range(30):
        book()
    keep_price()
    usage_rerate(period=MARCH)

    # Keys, transaction, sessions, their locks, archived months, calls, prices, end, the page after the last.
    with django_assert_num_queries(11):
        usage_rerate(period=MARCH)


def test_command_prints_counts_and_the_difference(book):
    book()
    keep_price()
    output = io.StringIO()

    for _ in range(2):
        call_command("rerate_usage", "--from=2026-03-01", "--to=2026-03-01", stdout=output)

    assert output.getvalue().splitlines() == [
        "1 calls looked at, 1 changed, 0 without a price. Difference: +4.000000000 US dollars.",
        "1 calls looked at, 0 changed, 0 without a price. Difference: +0.000000000 US dollars.",
    ]


@pytest.mark.parametrize(
    ("days", "message"),
    [
        pytest.param(("2026-03-02", "2026-03-01"), "--to is before --from", id="backwards"),
        pytest.param(("0001-01-01", "2026-03-01"), "Days lie from", id="too-early"),
        pytest.param(("2026-03-01", "9999-12-31"), "Days lie from", id="too-late"),
        pytest.param(("yesterday", "2026-03-01"), "invalid", id="no-day"),
    ],
)
def test_command_refuses_what_is_no_period(days, message):
    with pytest.raises(CommandError, match=message):
        call_command("rerate_usage", f"--from={days[0]}", f"--to={days[1]}")
