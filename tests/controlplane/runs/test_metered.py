"""Calls outside of runs: set aside, booked once, and given up when their process died."""

import uuid
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from controlplane.errors import Forbidden, LimitReached
from controlplane.runs.metered import (
    ABANDONED_AFTER,
    MeteredCall,
    abandoned_calls_settle,
    call_settle,
    metered_call,
)
from controlplane.runs.permits import call_permit
from controlplane.runs.tasks import settle_abandoned
from controlplane.usage.models import DailyCounter, TokenUsage
from controlplane.usage.pricing import TokenCounts
from tests.controlplane.in_parallel import in_parallel


def metered(user, **changes: object):
    given = {
        "user_id": user.pk,
        "request_type": TokenUsage.RequestType.EMBEDDING,
        "model": "text-embedding-3-small",
        "house_base_url": "http://house.test/v1",
        "estimated_prompt_tokens": 100,
    }
    return metered_call(**{**given, **changes})


def left_behind(user) -> MeteredCall:
    """Begin a call of which nothing is heard any more."""
    with metered(user) as call:
        row, counter = TokenUsage.objects.get(), DailyCounter.objects.get()
    TokenUsage.objects.filter(pk=row.pk).delete()
    row.created_at = timezone.now() - ABANDONED_AFTER - timedelta(seconds=1)
    row.save(force_insert=True)
    DailyCounter.objects.filter(pk=counter.pk).update(tokens=0, cost=0, reserved_tokens=100)
    DailyCounter.objects.filter(pk=counter.pk).update(reserved_cost=row.reserved_cost)
    return call


def figures() -> tuple[str, str, int, int, int]:
    row, counter = TokenUsage.objects.get(), DailyCounter.objects.get()
    return row.state, row.outcome, row.total_tokens, counter.tokens, counter.reserved_tokens


def test_call_is_pending_while_it_lasts(user, settings):
    settings.OPENAI_API_KEY = "sk-house"
    with metered(user) as call:
        assert figures() == ("pending", "unknown", 100, 0, 100)
        assert (call.api_key, call.base_url) == ("sk-house", "http://house.test/v1")
        assert "sk-house" not in f"{call!r} {call}"
        call.note_usage(TokenCounts(prompt=60, completion=0))
    assert figures() == ("settled", "finished", 60, 60, 0)


def test_call_that_fails_is_billed_by_estimate_and_its_error_goes_on(user):
    with pytest.raises(KeyboardInterrupt), metered(user):
        raise KeyboardInterrupt
    assert figures() == ("settled", "failed", 100, 100, 0)


def test_figures_that_nobody_can_have_used_are_bounded(user):
    with metered(user) as call:
        call.note_usage(TokenCounts(prompt=10**30, completion=-4))
    assert figures() == ("settled", "finished", 10**9, 10**9, 0)


def test_user_who_is_switched_off_makes_no_call(user):
    user.is_active = False
    user.save()
    for user_id in (user.pk, uuid.uuid4()):
        with pytest.raises(Forbidden), metered(user, user_id=user_id):
            pytest.fail("was let through")
    assert not TokenUsage.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_call_within_a_transaction_is_refused_before_it_is_made(user):
    with transaction.atomic(), pytest.raises(RuntimeError), metered(user):
        pytest.fail("was let through")
    assert not TokenUsage.objects.exists()


def test_settled_call_is_not_settled_again(user):
    with metered(user) as call:
        call.note_usage(TokenCounts(prompt=60, completion=0))
    assert not call_settle(call, outcome=TokenUsage.Outcome.FAILED, seconds=1)
    assert figures() == ("settled", "finished", 60, 60, 0)


def test_abandoned_call_is_billed_by_estimate_once(user):
    left_behind(user)
    assert figures() == ("pending", "unknown", 100, 0, 100)
    assert (settle_abandoned(), abandoned_calls_settle()) == (1, 0)
    assert figures() == ("settled", "unknown", 100, 100, 0)


def test_call_that_comes_back_after_the_sweep_corrects_the_estimate(user):
    call = left_behind(user)
    abandoned_calls_settle()
    call.note_usage(TokenCounts(prompt=60, completion=0))
    assert call_settle(call, outcome=TokenUsage.Outcome.FINISHED, seconds=1)
    assert figures() == ("settled", "finished", 60, 60, 0)


def test_sweep_leaves_young_calls_and_those_of_runs(user, admitted, call_request):
    call_permit(call_request(admitted()))
    TokenUsage.objects.update(created_at=timezone.now() - ABANDONED_AFTER * 2)
    with metered(user):
        assert abandoned_calls_settle() == 0
        assert TokenUsage.objects.pending().count() == 2


@pytest.mark.django_db(transaction=True)
def test_of_twenty_parallel_calls_exactly_one_takes_the_last_budget(user, settings):
    settings.DAILY_TOKEN_LIMIT = 100

    def call(_: int) -> None:
        with metered(user):
            pass

    outcomes = in_parallel(20, call)
    assert sum(isinstance(outcome, LimitReached) for outcome in outcomes) == 19
    assert figures() == ("settled", "finished", 100, 100, 0)
