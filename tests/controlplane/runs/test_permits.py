"""A permit sets budget aside before a call, once, and only for a live run."""

import uuid
from decimal import Decimal

import pytest
from django.utils import timezone

from controlplane.errors import Conflict, LimitReached, NotFound
from controlplane.runs.admission import Role
from controlplane.runs.mirror import run_end
from controlplane.runs.models import Run
from controlplane.runs.permits import Permit, call_permit
from controlplane.usage.models import DailyCounter, TokenUsage
from tests.controlplane.in_parallel import in_parallel

COST = Decimal("0.00075")  # 100 prompt tokens at 2.50 and 50 answered ones at 10 US dollars per million


def test_permit_reserves_the_worst_case_and_writes_a_pending_row(user, admitted, call_request, settings):
    settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL = "sk-house", "http://model.test/v1"
    run = admitted()
    request = call_request(run)
    permit = call_permit(request)
    assert (permit.attempt_id, permit.api_key, permit.base_url, permit.is_new) == (
        request.attempt_id,
        "sk-house",
        "http://model.test/v1",
        True,
    )
    row, counter = TokenUsage.objects.get(), DailyCounter.objects.get()
    assert (row.pk, row.run_id, row.user_id, row.chat_session_id) == (
        request.attempt_id,
        run.pk,
        user.pk,
        run.session_id,
    )
    assert (row.state, row.outcome, row.is_estimated, row.total_tokens) == ("pending", "unknown", True, 150)
    assert (row.reserved_tokens, row.reserved_cost, row.counter_id) == (150, COST, counter.pk)
    assert (counter.reserved_tokens, counter.reserved_cost, counter.tokens) == (150, COST, 0)


def test_repeat_gives_the_same_permit_and_reserves_nothing(admitted, call_request):
    request = call_request(admitted())
    first, second = call_permit(request), call_permit(request)
    assert (first.is_new, second.is_new) == (True, False)
    assert (first.api_key, first.attempt_id) == (second.api_key, second.attempt_id)
    assert DailyCounter.objects.get().reserved_tokens == 150
    assert TokenUsage.objects.count() == 1


def test_call_without_a_bound_reserves_the_house_s_longest_answer(admitted, call_request, settings):
    settings.DEFAULT_MAX_TOKENS = 900
    call_permit(call_request(admitted(), max_output_tokens=None))
    assert DailyCounter.objects.get().reserved_tokens == 1000


def test_used_up_budget_refuses_and_writes_nothing(admitted, call_request, settings):
    run = admitted()
    settings.DAILY_TOKEN_LIMIT = 149
    with pytest.raises(LimitReached) as refusal:
        call_permit(call_request(run))
    assert refusal.value.details["remaining"] == 149
    assert not TokenUsage.objects.exists()
    assert DailyCounter.objects.get().reserved_tokens == 0


def test_money_limit_counts_the_worst_case(admitted, call_request, settings):
    run = admitted()
    settings.DAILY_COST_LIMIT = COST
    call_permit(call_request(run))
    with pytest.raises(LimitReached):
        call_permit(call_request(run))
    assert DailyCounter.objects.get().reserved_cost == COST


def test_unknown_run_is_not_found(db, call_request):
    with pytest.raises(NotFound) as refusal:
        call_permit(call_request(Run(id=uuid.uuid4())))
    assert refusal.value.code == "run_not_found"
    assert not TokenUsage.objects.exists()


def test_run_that_is_over_gets_no_permit(admitted, call_request):
    run = admitted()
    run_end(run_id=run.pk, status="success", ended_at=timezone.now())
    with pytest.raises(Conflict) as refusal:
        call_permit(call_request(run))
    assert refusal.value.code == "run_over"
    assert not TokenUsage.objects.exists()


def test_attempt_of_another_run_gets_no_permit(admitted, call_request):
    request = call_request(admitted())
    call_permit(request)
    with pytest.raises(Conflict):
        call_permit(call_request(admitted(), attempt_id=request.attempt_id))
    assert DailyCounter.objects.get().reserved_tokens == 150


def test_settled_attempt_gets_no_second_permit(admitted, call_request):
    request = call_request(admitted())
    call_permit(request)
    TokenUsage.objects.update(state="settled")
    with pytest.raises(Conflict) as refusal:
        call_permit(request)
    assert refusal.value.code == "run_over"


def test_user_who_was_switched_off_gets_no_permit(user, admitted, call_request):
    run = admitted()
    user.is_active = False
    user.save()
    with pytest.raises(Conflict):
        call_permit(call_request(run))
    assert not TokenUsage.objects.exists()


def test_studio_s_calls_are_recorded_and_reserve_nothing(admitted, call_request):
    call_permit(call_request(admitted(role=Role.STUDIO, payer_id=None)))
    row = TokenUsage.objects.get()
    assert (row.user_id, row.counter_id, row.reserved_tokens) == (None, None, 0)
    assert not DailyCounter.objects.exists()


def test_model_without_a_price_is_marked(admitted, call_request):
    call_permit(call_request(admitted(), model="no-such-model"))
    row = TokenUsage.objects.get()
    assert (row.is_priced, row.total_cost, row.reserved_cost) == (False, None, 0)


def test_key_stays_out_of_the_permit_s_text(settings):
    permit = Permit(attempt_id=uuid.uuid4(), base_url=None, api_key="sk-secret", is_new=True)
    assert "sk-secret" not in f"{permit!r} {permit}"


@pytest.mark.django_db(transaction=True)
def test_of_fifty_parallel_calls_exactly_one_takes_the_last_budget(admitted, call_request, settings):
    run = admitted()
    settings.DAILY_TOKEN_LIMIT = 150
    outcomes = in_parallel(50, lambda _: call_permit(call_request(run)))
    assert sum(isinstance(outcome, Permit) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, LimitReached) for outcome in outcomes) == 49
    assert TokenUsage.objects.count() == 1
    assert DailyCounter.objects.get().reserved_tokens == 150


@pytest.mark.django_db(transaction=True)
def test_same_attempt_sent_many_times_at_once_reserves_once(admitted, call_request):
    request = call_request(admitted())
    outcomes = in_parallel(20, lambda _: call_permit(request))
    assert sum(outcome.is_new for outcome in outcomes) == 1
    assert DailyCounter.objects.get().reserved_tokens == 150


@pytest.mark.parametrize("name", ["DAILY_COST_LIMIT", "MONTHLY_COST_LIMIT"])
def test_model_without_a_price_is_refused_where_money_is_limited(admitted, call_request, settings, name):
    run = admitted()
    setattr(settings, name, Decimal(100))

    with pytest.raises(Conflict) as refusal:
        call_permit(call_request(run, model="house-blend"))

    assert refusal.value.code == "model_unpriced"
    assert not TokenUsage.objects.exists()
    assert DailyCounter.objects.get().reserved_tokens == 0


@pytest.mark.parametrize("limited", [False, True])
def test_model_without_a_price_counts_as_nothing_where_the_house_says_so(
    admitted, call_request, settings, limited
):
    run = admitted()
    settings.DAILY_COST_LIMIT = Decimal(1) if limited else None
    settings.UNPRICED_MODELS_ARE_FREE = limited

    call_permit(call_request(run, model="house-blend"))

    counter = DailyCounter.objects.get()
    assert (counter.reserved_tokens, counter.reserved_cost) == (150, 0)
