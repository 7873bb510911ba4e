"""Where a user stands with each of today's limits."""

from decimal import Decimal

import pytest

from controlplane.usage import counters
from controlplane.usage.limits import Amount, current_day
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
    resets_at = current_day().resets_at.isoformat().replace("+00:00", "Z")

    assert api.get(URL).json() == {
        "day": str(current_day().day),
        "messages": {"limit": 5, "used": 1, "reserved": 0, "remaining": 4, "resets_at": resets_at},
        "tokens": {"limit": 80, "used": 60, "reserved": 30, "remaining": 0, "resets_at": resets_at},
        "cost": {
            "limit": "2.000000000",
            "used": "0.000000000",
            "reserved": "0.250000000",
            "remaining": "1.750000000",
            "resets_at": resets_at,
        },
    }


def test_without_limits_nothing_can_remain(api, used):
    answer = api.get(URL).json()

    assert [answer[name]["limit"] for name in ("messages", "tokens", "cost")] == [None, None, None]
    assert [answer[name]["remaining"] for name in ("messages", "tokens", "cost")] == [None, None, None]


def test_looking_counts_nothing_and_makes_no_counter(stranger_api, used, stranger):
    assert stranger_api.get(URL).json()["messages"]["used"] == 0
    assert not DailyCounter.objects.filter(user=stranger).exists()


def test_looking_takes_the_limits_and_the_counter_beside_the_caller(api, used, django_assert_num_queries):
    with django_assert_num_queries(3):
        api.get(URL)
