"""Reports read the sums of days that are over; at any moment they say what the ledger would."""

import random
import uuid
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import Count, Q, Sum
from django.utils import timezone
from uuid_utils.compat import uuid7

from controlplane.chat.models import ChatSession
from controlplane.provider_keys.models import KeyCounter, UserAPIKey
from controlplane.runs.booking import Fact, correctable_lock, fact_book
from controlplane.usage import rollup
from controlplane.usage.models import DailyCounter, DailySum, ModelPrice, TokenUsage
from controlplane.usage.periods import Period
from controlplane.usage.pricing import Cost, TokenCounts
from controlplane.usage.reading import FIGURES, Calls, total_of
from controlplane.usage.rollup import days_roll_up
from controlplane.usage.selectors import GROUPS, usage_summary
from tests.controlplane.in_parallel import in_parallel

FIRST = date(2026, 3, 1)
MARCH = Period(first=FIRST, last=date(2026, 3, 31))


def counter_of(user, number: int = 0, **fields) -> DailyCounter:
    day = FIRST + timedelta(days=number)
    over = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(days=number + 1)
    return DailyCounter.objects.get_or_create(
        user=user, day=day, defaults={"resets_at": over, "tokens": 10**6, "cost": 100, **fields}
    )[0]


def call(user, counter, **fields) -> TokenUsage:
    given = {
        "id": uuid7(),
        "user": user,
        "counter": counter,
        "model_name": "a",
        "prompt_tokens": 100,
        "completion_tokens": 10,
        "created_at": datetime(2026, 3, 1, 12, tzinfo=UTC) + timedelta(days=(counter.day - FIRST).days),
        "total_cost": Decimal("0.5"),
        "is_priced": True,
        "settled_at": timezone.now(),
    }
    return TokenUsage.objects.create(**{**given, **fields})


def plain_sums() -> dict[str, object]:
    """Add up every settled call, as nobody else does it."""
    settled = TokenUsage.objects.settled()
    return settled.aggregate(
        calls=Count("pk"),
        failed_calls=Count("pk", filter=Q(outcome="failed")),
        unpriced_calls=Count("pk", filter=Q(is_priced=False)),
        tokens_in=Sum("prompt_tokens"),
        tokens_out=Sum("completion_tokens"),
        cost=Sum("total_cost"),
    )


def made_up(chance: random.Random, users) -> TokenUsage:
    user = chance.choice(users)
    price = chance.choice([None, Decimal(chance.randrange(10**6)) / 10**6])
    key = UserAPIKey.objects.get(user=user) if chance.random() < 0.3 else None
    return call(
        user,
        counter_of(user, chance.randrange(31)),
        chat_session=chance.choice([None, ChatSession.objects.get(user=user)]),
        model_name=chance.choice("abc"),
        provider=chance.choice(["openai", ""]),
        request_type=chance.choice(TokenUsage.RequestType.values),
        outcome=chance.choice(TokenUsage.Outcome.values),
        state=chance.choice(["settled", "settled", "pending"]),
        prompt_tokens=chance.randrange(1000),
        completion_tokens=chance.randrange(1000),
        total_cost=price,
        is_priced=price is not None,
        provider_key=key,
    )


@pytest.fixture
def users(user, stranger):
    for one in (user, stranger):
        ChatSession.objects.create(user=one, total_tokens_used=10**6, total_cost=100)
        UserAPIKey.objects.create(user=one, provider="openai", key_name="Mine")
    return [user, stranger]


def book(row: TokenUsage, *, tokens: int, cost: Decimal | None) -> None:
    """Book a pending or estimated call anew, as the settlement does."""
    locked = correctable_lock(row.pk, None)
    assert locked is not None
    fact = Fact(
        outcome="finished",
        tokens=TokenCounts(prompt=tokens, completion=1),
        cost=Cost(prompt=cost, completion=Decimal(0) if cost is not None else None, total=cost),
        is_estimated=False,
        provider="openai",
        model_name=row.model_name,
        node="",
    )
    fact_book(locked, fact)


@pytest.mark.parametrize("seed", range(3))
def test_sums_are_those_of_the_ledger_at_any_moment(users, seed):
    chance = random.Random(seed)  # noqa: S311  # figures, no secrets
    rows = [made_up(chance, users) for _ in range(120)]
    TokenUsage.objects.filter(pk__in=[row.pk for row in rows[::10]]).update(counter=None)
    late = [row for row in rows if row.state == "pending"]
    for step in range(4):
        if step:
            days_roll_up()
        for row in late[step::4]:
            book(row, tokens=chance.randrange(500), cost=chance.choice([None, Decimal("0.25")]))
        made_up(chance, users)
        # A call that appears on a rolled-up day without being booked is nobody's doing: it is marked as such.
        DailyCounter.objects.filter(pk=TokenUsage.objects.latest("id").counter_id).want_rollup()
        for keys in [("day",), ("user_id", "model_name"), ("provider", "is_house_paid", "request_type")]:
            assert {name: total_of(Calls(period=MARCH).by(*keys))[name] for name in FIGURES} == plain_sums()
    assert DailySum.objects.exists()


@pytest.mark.parametrize("group_by", GROUPS)
def test_summary_says_the_same_before_and_after(users, user, group_by):
    chance = random.Random(7)  # noqa: S311  # as above
    for _ in range(60):
        made_up(chance, users)
    before = usage_summary(owner_id=user.pk, period=MARCH, group_by=group_by)
    assert days_roll_up() > 0
    assert usage_summary(owner_id=user.pk, period=MARCH, group_by=group_by) == before
    assert not before.is_truncated


def test_rolled_up_days_are_not_read_from_the_ledger(user):
    call(user, counter_of(user))
    days_roll_up()
    DailySum.objects.update(calls=7)
    assert usage_summary(owner_id=user.pk, period=MARCH, group_by="day").total["calls"] == 7


def test_day_that_is_not_over_is_left_alone(user):
    counter = counter_of(user, resets_at=timezone.now() + timedelta(hours=1))
    call(user, counter)
    assert days_roll_up() == 0
    assert usage_summary(owner_id=user.pk, period=MARCH, group_by="day").total["calls"] == 1


def test_repeat_finds_nothing_to_do_and_a_late_record_makes_its_day_anew(user):
    counter = counter_of(user)
    row = call(user, counter, outcome="unknown", is_estimated=True)
    assert [days_roll_up(), days_roll_up()] == [1, 0]

    book(row, tokens=7, cost=Decimal("0.1"))

    assert usage_summary(owner_id=user.pk, period=MARCH, group_by="day").total["tokens_in"] == 7
    assert [days_roll_up(), days_roll_up()] == [1, 0]
    assert DailySum.objects.get().tokens_in == 7


def test_rerating_makes_its_days_anew_also_where_users_own_keys_paid(users, user):
    counter, key = counter_of(user), UserAPIKey.objects.get(user=user)
    of_key = KeyCounter.objects.create(key=key, period="day", starts_on=FIRST, resets_at=timezone.now())
    call(user, counter, provider_key=key, key_counter=of_key, total_cost=Decimal(0))
    days_roll_up()
    ModelPrice.objects.create(
        model_name="a", input_mtok=10_000, output_mtok=0, valid_from=datetime(2026, 1, 1, tzinfo=UTC)
    )

    call_command("rerate_usage", "--from", "2026-03-01", "--to", "2026-03-31")

    assert usage_summary(owner_id=user.pk, period=MARCH, group_by="day").total["cost"] == 1
    counter.refresh_from_db()
    assert (counter.cost, days_roll_up(), DailySum.objects.get().cost) == (100, 1, 1)


def test_job_goes_on_in_batches_and_stops_when_its_time_is_over(user, monkeypatch):
    monkeypatch.setattr(rollup, "COUNTERS_PER_STEP", 2)
    for number in range(5):
        call(user, counter_of(user, number))
    assert days_roll_up(seconds=0) == 0
    assert days_roll_up() == 5


def test_day_belongs_to_its_user_wherever_they_live(user):
    counter = counter_of(user)
    call(user, counter, created_at=datetime(2026, 2, 28, 12, tzinfo=UTC))
    for _ in range(2):
        (day,) = usage_summary(owner_id=user.pk, period=MARCH, group_by="day").groups
        assert day["key"] == FIRST
        assert usage_summary(owner_id=user.pk, period=MARCH, group_by="session").total["calls"] == 1
        days_roll_up()


@pytest.mark.django_db(transaction=True)
def test_nothing_is_lost_when_calls_are_booked_while_days_are_rolled_up(user):
    counter = counter_of(user)
    rows = [call(user, counter, state="pending", outcome="unknown", is_estimated=True) for _ in range(10)]

    def work(number: int) -> None:
        if number >= len(rows):
            days_roll_up()
            return
        with transaction.atomic():
            book(rows[number], tokens=10, cost=Decimal("0.1"))

    assert in_parallel(16, work) == [None] * 16
    assert usage_summary(owner_id=user.pk, period=MARCH, group_by="day").total["tokens_in"] == 100
    days_roll_up()
    assert (DailySum.objects.get().calls, DailySum.objects.get().tokens_in) == (10, 100)


def test_year_is_read_from_its_sums_in_one_question(user, django_assert_num_queries):
    for number in range(30):
        call(user, counter_of(user, number))
    days_roll_up()
    with django_assert_num_queries(1):
        assert len(usage_summary(owner_id=user.pk, period=MARCH, group_by="day").groups) == 30


def test_stranger_s_sums_are_their_own(user):
    call(user, counter_of(user))
    days_roll_up()
    assert usage_summary(owner_id=uuid.uuid4(), period=MARCH, group_by="day").groups == []


def test_day_that_an_older_release_begins_is_not_added_up_yet(user):
    """While the system is brought up to date, it names no column that it does not know."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO usage_dailycounter"
            " (user_id, day, resets_at, messages, tokens, reserved_tokens, cost, reserved_cost)"
            " VALUES (%s, '2026-01-05', now(), 0, 0, 0, 0, 0)",
            [user.pk],
        )
    assert DailyCounter.objects.get().is_rolled_up is False
