"""Whose limit holds: the user's own, the most generous of their groups', or the house's."""

from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import Group

from controlplane.errors import LimitReached
from controlplane.preferences.limits import limits_in_force
from controlplane.preferences.models import GroupLimits, UserPreference
from controlplane.preferences.origins import Setting
from controlplane.usage.counters import consume_message, reserve
from controlplane.usage.limits import Amount, Limits, UserLimits, limits_for
from controlplane.usage.models import DailyCounter, TokenUsage


def join(user, **limits: object) -> None:
    """Put a user into a new group with limits."""
    group = Group.objects.create(name=f"group {Group.objects.count()}")
    GroupLimits.objects.create(group=group, **limits)
    user.groups.add(group)


UNLIMITED = {"empty_is_unlimited": True}


@pytest.mark.parametrize(
    ("own", "groups", "house", "limit", "origin"),
    [
        pytest.param({}, [], None, None, "system", id="nobody-says-anything"),
        pytest.param({}, [], 10, 10, "system", id="house"),
        pytest.param({}, [], 0, 0, "system", id="house-allows-nothing"),
        pytest.param({}, [20], 10, 20, "group", id="group-raises"),
        pytest.param({}, [5], 10, 5, "group", id="group-lowers"),
        pytest.param({}, [0], 10, 0, "group", id="group-allows-nothing"),
        pytest.param({}, [5, 20, None], 10, 20, "group", id="most-generous-group"),
        pytest.param({}, [0, 5], 10, 5, "group", id="one-group-allows-nothing"),
        pytest.param({}, [None, None], 10, 10, "system", id="groups-that-say-nothing"),
        pytest.param({}, [5, UNLIMITED], 10, None, "group", id="unlimited-group"),
        pytest.param({"daily_message_limit": 3}, [20], 10, 3, "preference", id="own-lowers"),
        pytest.param({"daily_message_limit": 0}, [20], 10, 0, "preference", id="own-allows-nothing"),
        pytest.param({"daily_message_limit": 99}, [20], 10, 99, "preference", id="own-raises"),
        pytest.param({"daily_message_limit": 3}, [UNLIMITED], 10, 3, "preference", id="own-before-unlimited"),
        pytest.param(UNLIMITED, [20], 10, None, "preference", id="own-is-unlimited"),
        pytest.param(
            {**UNLIMITED, "daily_message_limit": 3}, [20], 10, 3, "preference", id="own-before-own-unlimited"
        ),
    ],
)
def test_nearest_level_that_says_something_holds(user, stranger, settings, own, groups, house, limit, origin):
    settings.DAILY_MESSAGE_LIMIT = house
    UserPreference.objects.filter(pk=user.pk).update(**own)
    join(stranger, daily_message_limit=1000)
    for group in groups:
        join(user, **(group if isinstance(group, dict) else {"daily_message_limit": group}))

    assert limits_in_force(user.pk).day.messages == Setting(limit, origin)


def test_each_limit_is_resolved_by_itself(user, settings):
    settings.DAILY_TOKEN_LIMIT, settings.MONTHLY_MESSAGE_LIMIT = 1000, 90
    mine = UserPreference.objects.filter(pk=user.pk)
    mine.update(daily_message_limit=3, monthly_cost_limit=40, timezone="Asia/Tokyo")
    join(user, daily_cost_limit=Decimal("2.5"), monthly_token_limit=5000)

    assert limits_for(user) == UserLimits(
        day=Limits(messages=3, tokens=1000, cost=Decimal("2.5")),
        month=Limits(messages=90, tokens=5000, cost=Decimal(40)),
        zone=ZoneInfo("Asia/Tokyo"),
    )


def test_user_who_is_gone_has_the_house_s(user, settings):
    settings.DAILY_MESSAGE_LIMIT = 7
    key = user.pk
    user.delete()

    assert limits_in_force(key).day.messages == Setting(7, "system")


@pytest.mark.parametrize("count", [0, 3, 30])
def test_limits_take_one_query_whatever_the_groups(user, django_assert_num_queries, count):
    for _ in range(count):
        join(user, daily_message_limit=1)
    user.groups.add(Group.objects.create(name="no limits"))

    with django_assert_num_queries(1):
        limits_in_force(user.pk)


def test_limit_holds_at_once(user):
    consume_message(user)
    UserPreference.objects.filter(pk=user.pk).update(daily_message_limit=1, daily_token_limit=100)

    with pytest.raises(LimitReached) as refusal:
        consume_message(user)
    with pytest.raises(LimitReached):
        reserve(user, Amount(tokens=101))

    assert (refusal.value.details["limit"], refusal.value.details["remaining"]) == (1, 0)
    counter = DailyCounter.objects.get()
    assert (counter.messages, counter.reserved_tokens) == (1, 0)


def test_check_says_what_would_happen(user):
    join(user, daily_token_limit=50)

    check = TokenUsage.check_user_limits(user, additional_tokens=51)

    assert (check["allowed"], check["limit"]) == (False, 50)
