"""Changing preferences and limits: each by its own service, all or nothing."""

import uuid
from decimal import Decimal

import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError

from controlplane.errors import Invalid, NotFound
from controlplane.preferences.models import GroupLimits, UserPreference
from controlplane.preferences.services import group_limits_change, preference_change, user_limits_change
from tests.controlplane.in_parallel import in_parallel


@pytest.fixture
def group(db) -> Group:
    return Group.objects.create(name="readers")


def test_change_touches_only_what_is_named(user, stranger):
    UserPreference.objects.update(theme="dark", default_max_tokens=5)

    changed = preference_change(user_id=user.pk, changes={"timezone": "Europe/Berlin"})

    stored = UserPreference.objects.get(pk=user.pk)
    assert (stored.theme, stored.default_max_tokens, stored.timezone) == ("dark", 5, "Europe/Berlin")
    assert stored.updated_at == changed.updated_at
    assert UserPreference.objects.get(pk=stranger.pk).timezone == ""


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        pytest.param({"theme": "pink"}, "theme", id="theme"),
        pytest.param({"language": "tlh"}, "language", id="language"),
        pytest.param({"timezone": "Mars/Olympus"}, "timezone", id="time-zone"),
        pytest.param({"default_temperature": 2.5}, "default_temperature", id="temperature"),
        pytest.param({"default_max_tokens": 0}, "default_max_tokens", id="max-tokens"),
        pytest.param({"summarization_threshold": 1}, "summarization_threshold", id="threshold"),
    ],
)
def test_wrong_value_changes_nothing(user, changes, field):
    with pytest.raises(ValidationError) as refusal:
        preference_change(user_id=user.pk, changes={"enable_streaming": False, **changes})

    assert list(refusal.value.message_dict) == [field]
    assert UserPreference.objects.get(pk=user.pk).enable_streaming


def test_model_has_to_be_allowed(user, allow_models):
    allow_models("good")
    preference_change(user_id=user.pk, changes={"default_model": "good"})

    with pytest.raises(Invalid) as refusal:
        preference_change(user_id=user.pk, changes={"default_model": "bad"})

    assert (refusal.value.code, list(refusal.value.fields)) == ("model_not_allowed", ["default_model"])
    assert UserPreference.objects.get(pk=user.pk).default_model == "good"


def test_model_that_was_taken_off_the_list_is_in_nobody_s_way(user):
    UserPreference.objects.filter(pk=user.pk).update(default_model="gone", language="xx")

    preference_change(user_id=user.pk, changes={"theme": "dark"})
    preference_change(user_id=user.pk, changes={"default_model": "", "language": ""})

    stored = UserPreference.objects.get(pk=user.pk)
    assert (stored.theme, stored.default_model, stored.language) == ("dark", "", "")


def test_nobody_s_preferences_are_not_found(db):
    for change in (preference_change, user_limits_change):
        with pytest.raises(NotFound):
            change(user_id=uuid.uuid4(), **{"changes" if change is preference_change else "limits": {}})


@pytest.mark.parametrize("name", ["daily_message_limit", "empty_is_unlimited", "user_id", "updated_at"])
def test_limits_do_not_pass_as_preferences(user, name):
    with pytest.raises(ValueError, match=name):
        preference_change(user_id=user.pk, changes={name: 1})


def test_user_s_limits_are_set_and_taken_back(user):
    user_limits_change(user_id=user.pk, limits={"daily_message_limit": 0, "daily_cost_limit": Decimal("0.5")})
    stored = UserPreference.objects.get(pk=user.pk)
    assert (stored.daily_message_limit, stored.daily_cost_limit) == (0, Decimal("0.5"))

    user_limits_change(user_id=user.pk, limits={"daily_message_limit": None})
    assert UserPreference.objects.get(pk=user.pk).daily_message_limit is None


@pytest.mark.parametrize(
    "limits",
    [{"daily_message_limit": -1}, {"daily_cost_limit": Decimal("NaN")}, {"daily_cost_limit": Decimal(-1)}],
    ids=["messages", "no-number", "cost"],
)
def test_wrong_limit_is_refused(user, group, limits):
    with pytest.raises(ValidationError):
        user_limits_change(user_id=user.pk, limits=limits)
    with pytest.raises(ValidationError):
        group_limits_change(group_id=group.pk, limits=limits)

    assert UserPreference.objects.get(pk=user.pk).daily_cost_limit is None
    assert not GroupLimits.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_changes_at_once_lose_nothing(user, group):
    steps = [
        lambda: preference_change(user_id=user.pk, changes={"theme": "dark"}),
        lambda: preference_change(user_id=user.pk, changes={"timezone": "Asia/Tokyo"}),
        lambda: user_limits_change(user_id=user.pk, limits={"daily_token_limit": 7}),
        lambda: group_limits_change(group_id=group.pk, limits={"daily_message_limit": 1}),
        lambda: group_limits_change(group_id=group.pk, limits={"daily_token_limit": 2}),
    ]
    in_parallel(5, lambda n: steps[n]())

    stored = UserPreference.objects.get(pk=user.pk)
    assert (stored.theme, stored.timezone, stored.daily_token_limit) == ("dark", "Asia/Tokyo", 7)
    assert (group.limits.daily_message_limit, group.limits.daily_token_limit) == (1, 2)
