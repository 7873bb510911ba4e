"""Where a user stands with each of today's limits."""

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from controlplane.usage import counters
from controlplane.usage.days import current_day, first_of_next_month, midnight
from controlplane.usage.limits import Amount
from controlplane.usage.models import DailyCounter

URL = "/api/v1/usage/limits/"


@pytest.fixture
def used(user) -> None:
    counters.consume_message(user)
    reserved = counters.reserve(user, Amount(tokens=100, cost=Decimal("0.5")))
    counters.settle(reserved.pk, reserved=Amount(tokens=100, cost=Decimal("0.5")), used=Amount(tokens=60))
    counters.reserve(user, Amount(tokens=30, cost=Decimal("0.25")))


def test_each_limit_says_what_is_used_reserved_and_left(api, used, settings):
    settings.DAILY_MESSAGE_LIMIT, settings.DAILY_TOKEN_LIMIT, settings.DAILY_COST_LIMIT = 5, 80, Decimal(2)
    settings.MONTHLY_TOKEN_LIMIT = 1000
    today = current_day()
    month_ends = midnight(first_of_next_month(today.day), ZoneInfo("UTC"))

    answer = api.get(URL).json()

    assert answer == {
        "day": str(today.day),
        **expected(today.resets_at, messages=(5, 4), tokens=(80, 0), cost=("2.000000000", "1.750000000")),
        "month": {
            "starts_on": str(today.day.replace(day=1)),
            **expected(month_ends, messages=(None, None), tokens=(1000, 910), cost=(None, None)),
        },
    }


def expected(ends_at: datetime, **limits: tuple[object, object]) -> dict[str, object]:
    """Give what the fixture has used, with each limit and what is left of it."""
    used = {
        "messages": {"granted": 0, "used": 1, "reserved": 0},
        "tokens": {"granted": 0, "used": 60, "reserved": 30},
        "cost": {"granted": "0.000000000", "used": "0.000000000", "reserved": "0.250000000"},
    }
    resets_at = ends_at.isoformat().replace("+00:00", "Z")
    return {
        name: {**used[name], "limit": limit, "remaining": remaining, "resets_at": resets_at}
        for name, (limit, remaining) in limits.items()
    }


def test_without_limits_nothing_can_remain(api, used):
    answer = api.get(URL).json()

    assert [answer[name]["limit"] for name in ("messages", "tokens", "cost")] == [None, None, None]
    assert [answer[name]["remaining"] for name in ("messages", "tokens", "cost")] == [None, None, None]


def test_looking_counts_nothing_and_makes_no_counter(stranger_api, used, stranger):
    assert stranger_api.get(URL).json()["messages"]["used"] == 0
    assert not DailyCounter.objects.filter(user=stranger).exists()


def test_looking_takes_the_limits_and_both_counters_beside_the_caller(api, used, django_assert_num_queries):
    with django_assert_num_queries(4):
        api.get(URL)
