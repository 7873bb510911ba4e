"""Days and months of a user's own time zone: each date once, whatever zones its user moves through."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from controlplane.errors import LimitReached
from controlplane.preferences.models import UserPreference
from controlplane.provider_keys import counters as key_counters
from controlplane.provider_keys.models import KeyCounter, UserAPIKey
from controlplane.usage import counters
from controlplane.usage.days import day_following
from controlplane.usage.limits import Amount
from controlplane.usage.models import DailyCounter, MonthlyCounter
from controlplane.usage.standing import limits_standing
from tests.controlplane.in_parallel import in_parallel

AUCKLAND, HONOLULU, KIRITIMATI = "Pacific/Auckland", "Pacific/Honolulu", "Pacific/Kiritimati"


@pytest.fixture
def at(monkeypatch):
    """Set the clock."""

    def set_clock(moment: str) -> datetime:
        now = datetime.fromisoformat(moment).replace(tzinfo=UTC)
        monkeypatch.setattr(timezone, "now", lambda: now)
        return now

    return set_clock


def move(user, zone: str) -> None:
    UserPreference.objects.filter(pk=user.pk).update(timezone=zone)


def days(user) -> list[tuple[str, int]]:
    rows = DailyCounter.objects.filter(user=user).order_by("day")
    return [(str(day), messages) for day, messages in rows.values_list("day", "messages")]


@pytest.mark.parametrize(
    ("zone", "now", "day", "resets_at"),
    [
        pytest.param("Europe/Berlin", "2026-03-28T23:30", "2026-03-29", "2026-03-29T22:00", id="23 hours"),
        pytest.param("Europe/Berlin", "2026-10-25T12:00", "2026-10-25", "2026-10-25T23:00", id="25 hours"),
        pytest.param(
            "America/Havana", "2026-03-07T22:00", "2026-03-07", "2026-03-08T05:00", id="0h left out"
        ),
        pytest.param("America/Havana", "2026-10-31T22:00", "2026-10-31", "2026-11-01T04:00", id="0h twice"),
        pytest.param("Asia/Kathmandu", "2026-06-01T18:14:59", "2026-06-01", "2026-06-01T18:15", id="5:45"),
        pytest.param(AUCKLAND, "2026-12-31T11:00", "2027-01-01", "2027-01-01T11:00", id="new year"),
    ],
)
def test_day_ends_at_the_user_s_midnight(zone, now, day, resets_at):
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    begun = day_following(None, zone=ZoneInfo(zone), now=moment)
    assert (str(begun.day), begun.resets_at) == (day, datetime.fromisoformat(resets_at).replace(tzinfo=UTC))


def test_messages_count_in_the_zone_of_their_user(user, at):
    at("2026-11-30T12:00")
    move(user, AUCKLAND)

    assert counters.consume_message(user).day == date(2026, 12, 1)

    month = MonthlyCounter.objects.get()
    assert (month.month, month.messages) == (date(2026, 12, 1), 1)
    assert month.resets_at == datetime(2026, 12, 31, 11, tzinfo=UTC)


def test_change_of_zone_takes_effect_at_the_next_reset(user, at, settings):
    settings.DAILY_MESSAGE_LIMIT = 1
    at("2026-11-23T02:00")
    move(user, HONOLULU)
    ends_at = counters.consume_message(user).resets_at
    assert ends_at == datetime(2026, 11, 23, 10, tzinfo=UTC)

    move(user, AUCKLAND)  # where it is the 23rd already
    with pytest.raises(LimitReached) as refusal:
        counters.consume_message(user)
    assert refusal.value.resets_at == ends_at

    at("2026-11-23T10:00")
    counter = counters.consume_message(user)
    assert (counter.day, counter.resets_at) == (date(2026, 11, 23), datetime(2026, 11, 23, 11, tzinfo=UTC))


def test_date_that_is_lived_twice_has_one_allowance(user, at, settings):
    settings.DAILY_MESSAGE_LIMIT = 1
    at("2026-11-22T12:00")
    move(user, AUCKLAND)
    counters.consume_message(user)
    move(user, HONOLULU)

    at("2026-11-23T11:00")  # the 23rd has ended in Auckland, and has begun an hour ago in Honolulu
    counter = counters.consume_message(user)

    assert days(user) == [("2026-11-23", 1), ("2026-11-24", 1)]
    assert counter.resets_at == datetime(2026, 11, 25, 10, tzinfo=UTC)
    with pytest.raises(LimitReached):
        counters.consume_message(user)


def test_moving_to_and_fro_gives_one_allowance_for_each_date(user, at, settings):
    settings.DAILY_MESSAGE_LIMIT = 1
    admitted = 0
    for hour in range(24 * 10):
        at(f"2026-11-{20 + hour // 24:02}T{hour % 24:02}:30")
        move(user, (KIRITIMATI, HONOLULU, "UTC", AUCKLAND)[hour % 4])
        try:
            counters.consume_message(user)
        except LimitReached:
            continue
        admitted += 1

    assert [messages for _, messages in days(user)] == [1] * admitted
    # Ten days in one place touch eleven dates at most, and the dates of all places twelve.
    assert 8 <= admitted <= 12


def test_month_s_end_moves_with_the_first_day_in_the_new_zone(user, at):
    at("2026-11-10T02:00")
    counters.consume_message(user)
    move(user, AUCKLAND)
    assert limits_standing(user).month.messages.resets_at == datetime(2026, 12, 1, tzinfo=UTC)

    at("2026-11-11T00:00")
    counters.consume_message(user)

    assert limits_standing(user).month.messages.resets_at == datetime(2026, 11, 30, 11, tzinfo=UTC)
    assert MonthlyCounter.objects.get().messages == 2


def test_last_day_of_a_month_lived_twice_belongs_to_the_next_month(user, at):
    at("2026-11-30T10:00")
    move(user, AUCKLAND)
    counters.consume_message(user)
    move(user, HONOLULU)
    at("2026-11-30T11:00")
    counters.consume_message(user)

    months = MonthlyCounter.objects.order_by("month").values_list("month", "messages")
    assert list(months) == [(date(2026, 11, 1), 1), (date(2026, 12, 1), 1)]


def test_zone_that_is_known_no_more_is_the_house_s(user, at, settings):
    settings.TIME_ZONE = "Asia/Tokyo"
    at("2026-11-22T16:00")
    move(user, "Mars/Olympus")

    assert counters.consume_message(user).day == date(2026, 11, 23)


def test_own_key_counts_on_the_days_of_its_user(user, at):
    at("2026-11-30T12:00")
    move(user, AUCKLAND)
    key = UserAPIKey.objects.create(user=user, provider="openai", key_name="Mine")
    counters.reserve(user, Amount(tokens=5))

    day = key_counters.reserve(key, tokens=5)

    assert (day.starts_on, day.resets_at) == (date(2026, 12, 1), datetime(2026, 12, 1, 11, tzinfo=UTC))
    month = KeyCounter.objects.get(period="month")
    assert (month.starts_on, month.resets_at) == (date(2026, 12, 1), datetime(2026, 12, 31, 11, tzinfo=UTC))
    key_counters.settle(day.pk, reserved=5, used=3)
    month.refresh_from_db()
    assert (month.tokens, month.reserved_tokens) == (3, 0)


@pytest.mark.django_db(transaction=True)
def test_day_that_many_begin_while_their_user_moves_is_begun_once(user):
    def work(number: int) -> object:
        if number % 5 == 0:
            return move(user, (KIRITIMATI, HONOLULU)[number % 2])
        return counters.consume_message(user)

    outcomes = in_parallel(30, work)

    assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
    assert [messages for _, messages in days(user)] == [24]
    assert MonthlyCounter.objects.get().messages == 24
