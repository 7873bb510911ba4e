"""Runs on a user's own key: chosen by admission, opened by the permit, counted by the settlement."""

from decimal import Decimal

import pytest

from controlplane.errors import Conflict
from controlplane.language_models.models import AllowedModel
from controlplane.provider_keys.models import KeyCounter, UserAPIKey
from controlplane.provider_keys.services import key_change, key_delete, keys_deactivate
from controlplane.runs.admission import Role
from controlplane.runs.configuration import effective_configuration
from controlplane.runs.context import Wishes
from controlplane.runs.permits import call_permit
from controlplane.usage.models import DailyCounter, TokenUsage
from tests.controlplane.provider_keys.provider_server import GOOD_KEY

COST = Decimal("0.00075")  # 100 prompt tokens at 2.50 and 50 answered ones at 10 US dollars per million
OPENAI = "https://api.openai.com/v1"


@pytest.fixture(autouse=True)
def house(settings):
    """What a run on the house's key would get."""
    settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL = "sk-house", "http://house.test/v1"


def counters() -> dict[str, tuple[int, int]]:
    """Used and reserved tokens by period."""
    rows = KeyCounter.objects.values_list("period", "tokens", "reserved_tokens")
    return {period: (tokens, reserved) for period, tokens, reserved in rows}


def test_permit_answers_with_the_user_s_key_and_its_provider_s_address(make_key, admitted, call_request):
    key, run = make_key(), admitted()

    permit = call_permit(call_request(run))

    assert run.provider_key_id == key.pk
    assert (permit.api_key, permit.base_url) == (GOOD_KEY, OPENAI)
    row = TokenUsage.objects.get()
    assert row.provider == key.provider
    assert (row.provider_key_id, row.reserved_tokens, row.reserved_cost, row.total_cost) == (
        key.pk,
        150,
        0,
        COST,
    )
    assert counters() == {"day": (0, 150), "month": (0, 150)}
    assert DailyCounter.objects.get().reserved_tokens == 150


@pytest.mark.parametrize(
    "changes",
    [{"is_active": False}, {"is_default": False}, {"use_for_runs": False}, {"provider": "mistral"}],
    ids=["inactive", "not-default", "not-for-runs", "another-provider"],
)
def test_other_keys_are_not_chosen(make_key, admitted, call_request, changes):
    make_key(**changes)

    assert call_permit(call_request(admitted())).api_key == "sk-house"
    assert not KeyCounter.objects.exists()


def test_key_of_somebody_else_is_not_chosen(make_key, stranger, admitted, call_request):
    make_key(user_id=stranger.pk)

    assert call_permit(call_request(admitted())).api_key == "sk-house"


def test_deleted_key_is_not_chosen(make_key, user, admitted, call_request):
    key_delete(key_id=make_key().pk, user_id=user.pk)

    assert call_permit(call_request(admitted())).api_key == "sk-house"


def test_list_of_models_says_whose_a_model_is(make_key, admitted, call_request, settings):
    settings.DEFAULT_MODEL = "house-blend"
    AllowedModel.objects.create(name="house-blend", provider="mistral", is_active=True)
    make_key(provider="mistral")

    permit = call_permit(call_request(admitted(), model="house-blend"))

    assert permit.base_url == "https://api.mistral.ai/v1"


def test_nobody_s_model_runs_on_the_house_s_key(make_key, admitted, call_request, settings):
    settings.DEFAULT_MODEL = "house-blend"
    make_key()

    assert call_permit(call_request(admitted(), model="house-blend")).api_key == "sk-house"


def test_call_to_another_provider_s_model_uses_the_house_s_key_and_money(make_key, admitted, call_request):
    make_key()

    permit = call_permit(call_request(admitted(), model="mistral-large-latest"))

    assert permit.api_key == "sk-house"
    row = TokenUsage.objects.get()
    assert (row.provider_key_id, row.key_counter_id) == (None, None)
    assert row.reserved_cost > 0


def test_runs_that_the_control_plane_starts_for_a_user_use_the_key_too(make_key, admitted, call_request):
    make_key()

    assert call_permit(call_request(admitted(role=Role.SERVICE))).api_key == GOOD_KEY


def test_studio_uses_the_house_s_key(make_key, admitted, call_request):
    make_key()

    assert call_permit(call_request(admitted(role=Role.STUDIO, payer_id=None))).api_key == "sk-house"


def test_repeat_gives_the_same_key_and_reserves_nothing(make_key, admitted, call_request):
    make_key()
    request = call_request(admitted())

    first, second = call_permit(request), call_permit(request)

    assert (first.api_key, second.api_key, second.is_new) == (GOOD_KEY, GOOD_KEY, False)
    assert counters() == {"day": (0, 150), "month": (0, 150)}


@pytest.mark.parametrize("end", ["deactivated", "deleted"])
def test_key_that_goes_away_ends_its_runs(make_key, user, admitted, call_request, end):
    key, run = make_key(), admitted()
    if end == "deleted":
        key_delete(key_id=key.pk, user_id=user.pk)
    else:
        keys_deactivate(key_ids=[key.pk])

    with pytest.raises(Conflict) as refusal:
        call_permit(call_request(run))

    assert refusal.value.code == "key_inactive"
    assert not TokenUsage.objects.exists()


def test_unreadable_key_ends_the_run_and_asks_to_be_entered_again(make_key, user, admitted, call_request):
    key = make_key()
    UserAPIKey.objects.update(encrypted_key="gAAAA-nobody-opens-this")
    run = admitted()

    with pytest.raises(Conflict) as refusal:
        call_permit(call_request(run))

    key.refresh_from_db()
    assert (refusal.value.code, key.is_unreadable) == ("key_unreadable", True)
    assert not TokenUsage.objects.exists()
    assert DailyCounter.objects.get().reserved_tokens == 0

    key_change(key_id=key.pk, user_id=user.pk, changes={"api_key": GOOD_KEY})
    assert call_permit(call_request(run)).api_key == GOOD_KEY


def test_unreadable_key_gives_way_to_the_house_s_where_its_owner_agreed(
    make_key, admitted, call_request, settings, django_capture_on_commit_callbacks
):
    key = make_key(may_use_house_key=True)
    run = admitted()
    UserAPIKey.objects.update(encrypted_key="gAAAA-nobody-opens-this")

    with django_capture_on_commit_callbacks(execute=True):
        permit = call_permit(call_request(run))

    key.refresh_from_db()
    assert (permit.api_key, key.is_unreadable) == ("sk-house", True)
    row = TokenUsage.objects.get()
    assert (row.provider_key_id, row.reserved_cost) == (None, COST)
    assert admitted().provider_key_id is None


def test_key_that_can_be_read_again_is_used_again(
    make_key, admitted, call_request, django_capture_on_commit_callbacks
):
    key = make_key(may_use_house_key=True)
    # As a process notes that was not started anew yet with the newest of the house's keys.
    UserAPIKey.objects.update(is_unreadable=True)

    with django_capture_on_commit_callbacks(execute=True):
        permit = call_permit(call_request(admitted()))

    key.refresh_from_db()
    assert (permit.api_key, key.is_unreadable) == (GOOD_KEY, False)


@pytest.mark.parametrize(("may_use_house_key", "expected"), [(False, ["gpt-4o"]), (True, ["gpt-4o", "far"])])
def test_own_key_s_run_falls_back_to_the_house_only_if_its_user_agreed(
    user, make_key, may_use_house_key, expected
):
    key = make_key(may_use_house_key=may_use_house_key)
    near = AllowedModel.objects.create(
        is_active=True,
        name="gpt-4o",
        provider=key.provider,
        fallback=AllowedModel.objects.create(is_active=True, name="far", provider="mistral"),
    )
    AllowedModel.objects.create(is_active=True, name="main", provider=key.provider, fallback=near)
    configuration = effective_configuration(session=None, user_id=user.pk, wishes=Wishes(model="main"))

    assert configuration.on_key(key).fallback_models.value == expected
    assert configuration.on_key(None).fallback_models.value == ["gpt-4o", "far"]
