"""Limits and figures of a user's own key: kept by the permit, counted by the settlement, exact."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from controlplane.errors import LimitReached
from controlplane.provider_keys.errors import KeyInactive
from controlplane.provider_keys.models import KeyCounter
from controlplane.provider_keys.services import key_change, key_delete
from controlplane.runs.ledger import estimate_commit, record_commit
from controlplane.runs.permits import Permit, call_permit
from controlplane.usage.models import DailyCounter, TokenUsage
from tests.controlplane.in_parallel import in_parallel
from tests.controlplane.runs.agent import record_of


def counters() -> dict[str, tuple[int, int]]:
    """Used and reserved tokens by period."""
    rows = KeyCounter.objects.values_list("period", "tokens", "reserved_tokens")
    return {period: (tokens, reserved) for period, tokens, reserved in rows}


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

    assert refusal.value.details["which"] == "daily_tokens"
    assert counters() == {"day": (0, 150), "month": (0, 150)}


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

    key.refresh_from_db()
    assert (key.usage_count, key.total_tokens_used) == (1, 150)
    assert counters() == {"day": (150, 0), "month": (150, 0)}

    assert record_commit(record_of(run.pk, request.attempt_id))

    key.refresh_from_db()
    assert (key.usage_count, key.total_tokens_used) == (1, 100)
    assert counters() == {"day": (100, 0), "month": (100, 0)}


def test_late_record_corrects_the_key_s_figures_and_counts_no_second_use(make_key, admitted, call_request):
    key, run = make_key(), admitted()
    request = call_request(run)
    call_permit(request)
    estimate_commit(attempt_id=request.attempt_id, run_id=run.pk)
    record = record_of(run.pk, request.attempt_id)

    assert [record_commit(record), record_commit(record)] == [True, False]

    key.refresh_from_db()
    assert (key.usage_count, key.total_tokens_used) == (1, 100)
    assert counters() == {"day": (100, 0), "month": (100, 0)}
    assert (DailyCounter.objects.get().tokens, DailyCounter.objects.get().cost) == (100, 0)


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


@pytest.mark.django_db(transaction=True)
def test_key_that_is_deleted_under_calls_leaves_no_reservation(make_key, user, admitted, call_request):
    key, run = make_key(), admitted()

    def work(number: int) -> None:
        if number == 5:
            key_delete(key_id=key.pk, user_id=user.pk)
            return
        request = call_request(run)
        call_permit(request)
        record_commit(record_of(run.pk, request.attempt_id))

    outcomes = in_parallel(16, work)

    refused = [outcome for outcome in outcomes if outcome is not None]
    assert {type(outcome) for outcome in refused} <= {KeyInactive}
    calls = 15 - len(refused)
    key.refresh_from_db()
    assert (key.usage_count, key.encrypted_key) == (calls, "")
    assert TokenUsage.objects.filter(provider_key=key, state="settled").count() == calls
    assert set(counters().values()) <= {(100 * calls, 0)}
