"""Uses are counted one by one, and never beyond the limit, however many come at once."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from controlplane.errors import LimitReached
from controlplane.tools.models import UserTool
from tests.controlplane.in_parallel import in_parallel

FULL = {"allowed", "reason", "limit", "period", "used", "remaining", "resets_at"}


@pytest.fixture
def make_tool(user):
    def make(**fields):
        return UserTool.objects.create(user=user, tool_name="web_search", **fields)

    return make


def test_unlimited_tool_is_allowed_and_still_counted(make_tool):
    tool = make_tool()
    tool.consume()
    tool.increment_usage()

    looked = tool.check_rate_limit()

    assert set(looked) == FULL
    assert (looked["allowed"], looked["used"], looked["limit"], looked["remaining"]) == (True, 2, None, None)
    assert UserTool.objects.get().usage_count == 2


def test_looking_counts_nothing(make_tool):
    tool = make_tool(rate_limit=1)

    for _ in range(3):
        assert tool.check_rate_limit()["allowed"] is True

    assert (UserTool.objects.get().usage_count, UserTool.objects.get().window_count) == (0, 0)


def test_last_use_that_fits_is_the_last(make_tool):
    tool = make_tool(rate_limit=2, rate_limit_period="day")
    tool.consume()
    tool.consume()

    with pytest.raises(LimitReached) as refusal:
        tool.consume()

    assert refusal.value.message == "web_search may be used 2 times per day."
    details = refusal.value.details
    assert (details["limit"], details["used"], details["remaining"]) == (2, 2, 0)
    assert timezone.now() < refusal.value.resets_at <= timezone.now() + timedelta(days=2)
    assert (UserTool.objects.get().usage_count, UserTool.objects.get().window_count) == (2, 2)
    looked = tool.check_rate_limit()
    assert (looked["allowed"], looked["period"], looked["remaining"]) == (False, "day", 0)
    assert looked["resets_at"] == refusal.value.resets_at


def test_uses_of_long_ago_do_not_count(make_tool):
    tool = make_tool(rate_limit=2, rate_limit_period="minute")
    tool.consume()
    tool.consume()
    UserTool.objects.update(window_started_at=F("window_started_at") - timedelta(minutes=2))

    tool.consume()

    row = UserTool.objects.get()
    assert (row.usage_count, row.window_count, row.previous_window_count) == (3, 1, 0)


def test_uses_of_the_stretch_before_become_the_previous_ones(make_tool):
    tool = make_tool(rate_limit=1000, rate_limit_period="day")
    tool.consume()
    tool.consume()
    UserTool.objects.update(window_started_at=F("window_started_at") - timedelta(days=1))

    tool.consume()

    row = UserTool.objects.get()
    assert (row.window_count, row.previous_window_count) == (1, 2)


def test_user_s_own_limit_goes_before_the_catalogue_s(user, add_tool):
    add_tool("web_search", default_rate_limit=5, default_rate_limit_period="minute")
    tool = UserTool.objects.create(user=user, tool_name="web_search")
    assert str(tool.effective_rate_limit) == "5/minute"

    tool.rate_limit, tool.rate_limit_period = 7, "day"

    assert str(tool.effective_rate_limit) == "7/day"


def test_limit_of_the_largest_figures_does_not_overflow(make_tool):
    tool = make_tool(rate_limit=2**31 - 1, rate_limit_period="day")
    tool.consume()
    UserTool.objects.update(window_count=2**31 - 2, previous_window_count=2**31 - 1)

    with pytest.raises(LimitReached):
        tool.consume()


@pytest.mark.parametrize("limit", [0, -1])
def test_limit_of_nothing_is_no_limit(make_tool, limit):
    with pytest.raises(IntegrityError), transaction.atomic():
        make_tool(rate_limit=limit)


def test_one_row_per_user_and_tool(make_tool):
    make_tool()
    with pytest.raises(IntegrityError), transaction.atomic():
        make_tool()


def test_counting_costs_two_queries(make_tool, django_assert_num_queries):
    tool = make_tool(rate_limit=5)
    with django_assert_num_queries(2):
        tool.consume()
    with django_assert_num_queries(0):
        tool.check_rate_limit()


@pytest.mark.django_db(transaction=True)
def test_of_forty_uses_at_once_exactly_ten_fit(user):
    UserTool.objects.create(user=user, tool_name="web_search", rate_limit=10, rate_limit_period="day")

    outcomes = in_parallel(40, lambda _: UserTool.objects.get().consume())

    assert outcomes.count(None) == 10
    assert sum(isinstance(outcome, LimitReached) for outcome in outcomes) == 30
    row = UserTool.objects.get()
    assert (row.usage_count, row.window_count) == (10, 10)


@pytest.mark.django_db(transaction=True)
def test_no_increment_is_lost(user):
    UserTool.objects.create(user=user, tool_name="web_search")

    in_parallel(30, lambda _: UserTool.objects.get().increment_usage())

    assert UserTool.objects.get().usage_count == 30
