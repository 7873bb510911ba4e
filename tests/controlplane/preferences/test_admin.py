"""What administrators do to preferences and limits: by the services, so with the same consequences."""

import re
from decimal import Decimal

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from controlplane.accounts.models import CustomUser
from controlplane.preferences.models import GroupLimits, UserPreference
from controlplane.preferences.selectors import preferences_of

USERS = "admin:preferences_userpreference_"
GROUPS = "admin:auth_group_"


@pytest.fixture
def office(make_user) -> Client:
    """A browser in which an administrator is signed in."""
    client = Client()
    client.force_login(make_user("admin@example.com", is_staff=True, is_superuser=True))
    return client


def form(**fields: object) -> dict[str, object]:
    """What the form of an untouched row sends."""
    chosen = {"theme": "system", "multitask_strategy": "reject"}
    return {**chosen, "enable_auto_summarization": "on", "enable_streaming": "on", **fields}


def inline(**fields: object) -> dict[str, object]:
    """What the form of a group sends."""
    counts = {"limits-TOTAL_FORMS": 1, "limits-INITIAL_FORMS": 0}
    return {"name": "readers", **counts, **{f"limits-0-{name}": value for name, value in fields.items()}}


def test_limits_are_set_and_seen_at_once(office, user):
    preferences_of(user)
    fields = form(daily_message_limit="0", daily_cost_limit="2.5", empty_is_unlimited="on", theme="dark")

    page = office.post(reverse(f"{USERS}change", args=[user.pk]), fields)

    assert page.status_code == 302
    seen = preferences_of(CustomUser.objects.get(pk=user.pk))
    assert (seen.daily_message_limit, seen.daily_token_limit) == (0, None)
    assert (seen.daily_cost_limit, seen.empty_is_unlimited, seen.theme) == (Decimal("2.5"), True, "dark")


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        pytest.param({"default_model": "bad"}, "not on the list of allowed models", id="model"),
        pytest.param({"timezone": "Mars/Olympus"}, "No such time zone", id="time-zone"),
        pytest.param({"daily_message_limit": "-1"}, "greater than or equal to 0", id="messages"),
        pytest.param({"daily_cost_limit": "NaN"}, "Enter a number", id="cost"),
        pytest.param({"default_temperature": "nan"}, "Enter a number", id="temperature"),
    ],
)
def test_wrong_field_is_named_and_nothing_changes(office, user, fields, complaint):
    before = list(UserPreference.objects.values())

    page = office.post(reverse(f"{USERS}change", args=[user.pk]), form(theme="dark", **fields))

    assert (page.status_code, complaint in page.text) == (200, True)
    assert list(UserPreference.objects.values()) == before


def test_page_that_was_saved_untouched_changes_nothing(office, user):
    UserPreference.objects.filter(pk=user.pk).update(default_model="off-the-list")
    before = list(UserPreference.objects.values())

    page = office.post(reverse(f"{USERS}change", args=[user.pk]), form(default_model="off-the-list"))

    assert page.status_code == 302
    assert list(UserPreference.objects.values()) == before


@pytest.mark.parametrize("step", ["add", "delete"])
def test_preferences_are_neither_made_nor_deleted(office, user, step):
    address = reverse(f"{USERS}{step}", args=[user.pk] if step == "delete" else [])

    assert office.post(address, {"post": "yes"}).status_code == 403
    assert UserPreference.objects.filter(pk=user.pk).exists()


def test_list_costs_the_same_for_three_and_for_thirty(office, make_user):
    def queries(count: int) -> int:
        for _ in range(count):
            make_user(f"u{CustomUser.objects.count()}@example.com", first_name="Ada")
        with CaptureQueriesContext(connection) as found:
            assert office.get(reverse(f"{USERS}changelist")).status_code == 200
        return len(found)

    assert queries(3) == queries(27)


def test_user_is_found_by_address(office, make_user):
    make_user("ada@example.com")
    make_user("eve@example.com")

    page = office.get(reverse(f"{USERS}changelist"), {"q": "ada@"})

    assert ("ada@example.com" in page.text, "eve@example.com" in page.text) == (True, False)


def test_group_gets_limits_with_its_page(office):
    page = office.post(reverse(f"{GROUPS}add"), inline(daily_message_limit="5"))

    assert page.status_code == 302
    limits = GroupLimits.objects.get(group__name="readers")
    assert (limits.daily_message_limit, limits.daily_token_limit) == (5, None)


def test_group_s_limits_are_changed_on_its_page(office):
    group = Group.objects.create(name="readers")
    GroupLimits.objects.create(group=group, daily_message_limit=5, daily_token_limit=7)
    fields = inline(daily_message_limit="6", daily_token_limit="", group=group.pk)

    page = office.post(reverse(f"{GROUPS}change", args=[group.pk]), {**fields, "limits-INITIAL_FORMS": 1})

    assert page.status_code == 302
    limits = GroupLimits.objects.get()
    assert (limits.daily_message_limit, limits.daily_token_limit) == (6, None)


def test_group_without_limits_stays_without(office):
    page = office.post(reverse(f"{GROUPS}add"), inline())

    assert (page.status_code, GroupLimits.objects.count()) == (302, 0)


def test_wrong_limit_of_a_group_is_named(office):
    page = office.post(reverse(f"{GROUPS}add"), inline(daily_cost_limit="-1"))

    assert (page.status_code, GroupLimits.objects.count()) == (200, 0)
    assert not Group.objects.filter(name="readers").exists()


def test_new_group_s_page_proposes_nothing(office):
    page = office.get(reverse(f"{GROUPS}add")).text

    (box,) = re.findall(r'<input[^>]*name="limits-0-empty_is_unlimited"[^>]*>', page)
    assert "checked" not in re.sub(r'class="[^"]*"', "", box)
    assert "DatabaseDefault" not in page
