"""Runs on a user's own key: chosen by admission, opened by the permit, counted by the settlement."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from controlplane.errors import Conflict, LimitReached
from controlplane.language_models.models import AllowedModel
from controlplane.provider_keys.models import KeyCounter, UserAPIKey
from controlplane.provider_keys.services import key_change, key_delete, keys_deactivate
from controlplane.runs.admission import Role
from controlplane.runs.ledger import estimate_commit, record_commit
from controlplane.runs.permits import Permit, call_permit
from controlplane.usage.models import DailyCounter, TokenUsage
from tests.controlplane.in_parallel import in_parallel
from tests.controlplane.provider_keys.provider_server import GOOD_KEY
from tests.controlplane.runs.agent import record_of

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


@pytest.mark.parametrize(
    ("limit", "which"),
    [("daily_limit", "key_daily_tokens"), ("monthly_limit", "key_monthly_tokens")],
)
def test_key_s_limit_refuses_and_reserves_nothing(make_key, admitted, call_request, limit, which):
    make_key(**{limit: 299})
    run = admitted()
    call_permit(call_request(run))

    with pytest.raises(LimitReached) as refusal:
        call_permit(call_request(run))

    assert (refusal.value.code, refusal.value.details["which"]) == ("limit_reached", which)
    assert (refusal.value.details["limit"], refusal.value.details["used"]) == (299, 150)
    assert refusal.value.details["remaining"] == 149
    assert TokenUsage.objects.count() == 1
    assert counters() == {"day": (0, 150), "month": (0, 150)}
    assert DailyCounter.objects.get().reserved_tokens == 150


def test_month_ends_with_its_last_day(make_key, admitted, call_request, monkeypatch):
    now = datetime(2026, 12, 31, 23, 0, tzinfo=UTC)
    monkeypatch.setattr("django.utils.timezone.now", lambda: now)
    make_key(monthly_limit=150)
    run = admitted()
    call_permit(call_request(run))

    with pytest.raises(LimitReached) as refusal:
        call_permit(call_request(run))

    assert refusal.value.resets_at == datetime(2027, 1, 1, tzinfo=UTC)
    starts = dict(KeyCounter.objects.values_list("period", "starts_on"))
    assert starts == {"day": date(2026, 12, 31), "month": date(2026, 12, 1)}


def test_house_s_money_limit_does_not_hold_and_its_token_limit_does(
    make_key, admitted, call_request, settings
):
    settings.DAILY_COST_LIMIT = Decimal(0)
    make_key()
    run = admitted()
    call_permit(call_request(run))
    settings.DAILY_TOKEN_LIMIT = 299

    with pytest.raises(LimitReached) as refusal:
        call_permit(call_request(run))

    assert "which" not in refusal.value.details
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


def test_settlement_counts_on_the_key(make_key, admitted, call_request):
    key, run = make_key(), admitted()
    request = call_request(run)
    call_permit(request)
    record = record_of(run.pk, request.attempt_id)

    assert [record_commit(record), record_commit(record)] == [True, False]

    key.refresh_from_db()
    assert (key.usage_count, key.total_tokens_used) == (1, 100)
    assert key.last_used_at is not None
    assert counters() == {"day": (100, 0), "month": (100, 0)}
    day, row = DailyCounter.objects.get(), TokenUsage.objects.get()
    assert (day.tokens, day.cost, day.reserved_tokens, day.reserved_cost) == (100, 0, 0, 0)
    assert row.total_cost == Decimal("0.0004")


def test_call_without_a_record_is_counted_by_its_estimate(make_key, admitted, call_request):
    key, run = make_key(), admitted()
    request = call_request(run)
    call_permit(request)

    assert estimate_commit(attempt_id=request.attempt_id, run_id=run.pk)
    assert not record_commit(record_of(run.pk, request.attempt_id))

    key.refresh_from_db()
    assert (key.usage_count, key.total_tokens_used) == (1, 150)
    assert counters() == {"day": (150, 0), "month": (150, 0)}


def test_usage_of_a_deleted_key_is_settled_and_stays_marked(make_key, user, admitted, call_request):
    key, run = make_key(), admitted()
    request = call_request(run)
    call_permit(request)
    key_delete(key_id=key.pk, user_id=user.pk)

    assert record_commit(record_of(run.pk, request.attempt_id))

    assert TokenUsage.objects.get().provider_key_id == key.pk
    assert counters() == {"day": (100, 0), "month": (100, 0)}


@pytest.mark.django_db(transaction=True)
def test_of_thirty_parallel_calls_exactly_one_takes_the_last_of_the_key_s_budget(
    make_key, admitted, call_request
):
    make_key(monthly_limit=150)
    run = admitted()

    outcomes = in_parallel(30, lambda _: call_permit(call_request(run)))

    assert sum(isinstance(outcome, Permit) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, LimitReached) for outcome in outcomes) == 29
    assert counters() == {"day": (0, 150), "month": (0, 150)}


@pytest.mark.django_db(transaction=True)
def test_permits_records_and_changes_at_once_leave_exact_figures(make_key, user, admitted, call_request):
    key = make_key()
    runs = [admitted() for _ in range(3)]

    def work(number: int) -> None:
        run = runs[number % 3]
        request = call_request(run)
        call_permit(request)
        record = record_of(run.pk, request.attempt_id)
        record_commit(record)
        record_commit(replace(record, output_tokens=7))
        key_change(key_id=key.pk, user_id=user.pk, changes={"key_name": f"Key {number}"})

    outcomes = in_parallel(24, work)

    assert outcomes == [None] * 24
    key.refresh_from_db()
    assert (key.usage_count, key.total_tokens_used) == (24, 2400)
    assert counters() == {"day": (2400, 0), "month": (2400, 0)}
