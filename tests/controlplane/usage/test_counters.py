"""Daily counters hold under parallel use, and what is reserved is given back to the last digit."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from controlplane.errors import LimitReached
from controlplane.usage import counters
from controlplane.usage.days import current_day
from controlplane.usage.limits import Amount
from controlplane.usage.models import DailyCounter, TokenUsage
from tests.controlplane.in_parallel import in_parallel


def counter_of(user) -> DailyCounter:
    return DailyCounter.objects.get(user=user)


def test_messages_are_counted_up_to_the_limit(user, settings):
    settings.DAILY_MESSAGE_LIMIT = 2
    counters.consume_message(user)
    counters.consume_message(user)
    with pytest.raises(LimitReached) as refusal:
        counters.consume_message(user)
    assert counter_of(user).messages == 2
    assert refusal.value.details == {
        "limit": 2,
        "used": 2,
        "remaining": 0,
        "resets_at": current_day().resets_at.isoformat(),
        "which": "daily_messages",
    }
    assert 0 < refusal.value.retry_after <= 86_401


@pytest.mark.parametrize(
    ("name", "limit", "used"),
    [
        pytest.param("DAILY_TOKEN_LIMIT", 100, {"tokens": 100}, id="tokens used"),
        pytest.param("DAILY_TOKEN_LIMIT", 100, {"tokens": 60, "reserved_tokens": 40}, id="tokens reserved"),
        pytest.param("DAILY_COST_LIMIT", Decimal("0.5"), {"cost": Decimal("0.5")}, id="money used"),
        pytest.param(
            "DAILY_COST_LIMIT", Decimal("0.5"), {"reserved_cost": Decimal("0.6")}, id="money reserved"
        ),
    ],
)
def test_message_that_could_not_be_answered_is_not_counted(user, settings, name, limit, used):
    setattr(settings, name, limit)
    today = current_day()
    DailyCounter.objects.create(user=user, day=today.day, resets_at=today.resets_at, **used)
    with pytest.raises(LimitReached):
        counters.consume_message(user)
    assert counter_of(user).messages == 0


def test_message_is_refunded_on_its_own_day(user):
    counter = counters.consume_message(user)
    counters.refund_message(user_id=user.pk, day=counter.day)
    assert counter_of(user).messages == 0
    counters.refund_message(user_id=user.pk, day=counter.day)
    assert counter_of(user).messages == 0


def test_reservation_is_swapped_for_what_was_used(user):
    reserved = Amount(tokens=1000, cost=Decimal("0.25"))
    counter = counters.reserve(user, reserved)
    counters.settle(counter.pk, reserved=reserved, used=Amount(tokens=300, cost=Decimal("0.075")))
    after = counter_of(user)
    assert (after.reserved_tokens, after.tokens) == (0, 300)
    assert (after.reserved_cost, after.cost) == (Decimal(0), Decimal("0.075"))


def test_reservation_is_released_whole(user):
    reserved = Amount(tokens=1000, cost=Decimal("0.25"))
    counter = counters.reserve(user, reserved)
    counters.release(counter.pk, reserved=reserved)
    after = counter_of(user)
    assert (after.reserved_tokens, after.tokens, after.reserved_cost, after.cost) == (0, 0, 0, 0)


def test_yesterday_does_not_count_today(user, settings):
    settings.DAILY_MESSAGE_LIMIT = 1
    DailyCounter.objects.create(
        user=user,
        day=date(2020, 1, 1),
        resets_at=datetime(2020, 1, 2, tzinfo=UTC),
        messages=1,
        tokens=10**9,
    )
    assert counters.consume_message(user).day == current_day().day


def test_users_do_not_share_a_counter(user, stranger, settings):
    settings.DAILY_MESSAGE_LIMIT = 1
    counters.consume_message(user)
    counters.consume_message(stranger)
    assert list(DailyCounter.objects.values_list("messages", flat=True)) == [1, 1]


@pytest.mark.django_db(transaction=True)
def test_of_fifty_parallel_messages_exactly_one_takes_the_last_place(user, settings):
    settings.DAILY_MESSAGE_LIMIT = 1
    outcomes = in_parallel(50, lambda _: counters.consume_message(user))
    assert sum(isinstance(outcome, DailyCounter) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, LimitReached) for outcome in outcomes) == 49
    assert counter_of(user).messages == 1


@pytest.mark.django_db(transaction=True)
def test_parallel_reservations_never_exceed_the_limit(user, settings):
    settings.DAILY_TOKEN_LIMIT = 1000
    outcomes = in_parallel(50, lambda _: counters.reserve(user, Amount(tokens=300)))
    assert sum(isinstance(outcome, DailyCounter) for outcome in outcomes) == 3
    assert sum(isinstance(outcome, LimitReached) for outcome in outcomes) == 47
    assert counter_of(user).reserved_tokens == 900


def test_looking_at_the_limits_counts_nothing(user, settings):
    settings.DAILY_TOKEN_LIMIT = 500
    assert TokenUsage.check_user_limits(user, additional_tokens=200) == {
        "allowed": True,
        "reason": None,
        "which": "daily_tokens",
        "limit": 500,
        "used": 0,
        "remaining": 500,
        "resets_at": current_day().resets_at,
    }
    assert not DailyCounter.objects.exists()


def test_looking_at_the_limits_names_the_one_that_refuses(user, settings):
    settings.DAILY_MESSAGE_LIMIT, settings.DAILY_TOKEN_LIMIT = 10, 500
    counters.reserve(user, Amount(tokens=400))
    answer = TokenUsage.check_user_limits(user, additional_tokens=200)
    assert (answer["allowed"], answer["limit"], answer["used"], answer["remaining"]) == (False, 500, 400, 100)
    assert answer["reason"] == "Your daily limit of 500 tokens does not leave room for this."


def test_limit_check_reads_three_rows_however_long_the_history(user, django_assert_num_queries):
    TokenUsage.objects.bulk_create(TokenUsage(user=user, model_name="m", prompt_tokens=1) for _ in range(50))
    with django_assert_num_queries(3):  # the limits, the day and the month
        assert TokenUsage.check_user_limits(user)["allowed"]
