"""Writes what a call used: its row, its session, its counters and its key, in one transaction, exactly once.

Locks in the order in which every transaction takes them: session, call, daily counter, key.
"""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from controlplane.chat.models import ChatSession
from controlplane.provider_keys import counters as key_counters
from controlplane.usage import counters
from controlplane.usage.limits import Amount
from controlplane.usage.models import DailyCounter, TokenUsage
from controlplane.usage.pricing import Cost, TokenCounts

# A node that outlives its run writes its record within minutes; a store that was away is back within a day.
LATE_RECORDS = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Fact:
    """What is booked for one call."""

    outcome: str
    tokens: TokenCounts
    cost: Cost
    is_estimated: bool
    provider: str
    model_name: str
    node: str
    duration_ms: int | None = None


def pending_lock(attempt_id: UUID, run_id: UUID | None) -> TokenUsage | None:
    """Lock a call that nothing was booked for yet; no run is what a call outside of runs has."""
    return _lock(attempt_id, run_id, Q(state=TokenUsage.State.PENDING))


def correctable_lock(attempt_id: UUID, run_id: UUID | None) -> TokenUsage | None:
    """Lock a call that is pending, or was booked by the estimate of its permit alone."""
    by_estimate = Q(outcome=TokenUsage.Outcome.UNKNOWN, is_estimated=True)
    return _lock(attempt_id, run_id, Q(state=TokenUsage.State.PENDING) | by_estimate)


def fact_book(row: TokenUsage, fact: Fact) -> None:
    """Write a fact in place of what a locked row holds: its reservation, or its estimate."""
    reserved = Amount(tokens=row.reserved_tokens, cost=row.reserved_cost)
    before, after = _booked(row), _amount(fact.tokens, fact.cost)
    tokens, cost = after.tokens - before.tokens, after.cost - before.cost
    _write(row, fact)
    _count_on_session(row, tokens=tokens, cost=cost)
    if row.counter_id is not None:
        # A user's own key is not paid by the house, so its cost is not the house's limit's.
        house_cost = cost if row.key_counter_id is None else Decimal(0)
        counters.settle(row.counter_id, reserved=reserved, used=Amount(tokens=tokens, cost=house_cost))
        DailyCounter.objects.filter(pk=row.counter_id).want_rollup()
    if row.key_counter_id is None:
        return
    if row.state == TokenUsage.State.PENDING:
        key_counters.settle(row.key_counter_id, reserved=reserved.tokens, used=tokens)
    else:
        key_counters.correct(row.key_counter_id, difference=tokens)


def _lock(attempt_id: UUID, run_id: UUID | None, which: Q) -> TokenUsage | None:
    of_run = Q(run__isnull=True) if run_id is None else Q(run_id=run_id)
    calls = TokenUsage.objects.filter(which, of_run, pk=attempt_id)
    session = ChatSession.objects.filter(pk__in=calls.values("chat_session_id"))
    list(session.select_for_update(no_key=True).values_list("pk"))
    return calls.select_for_update(no_key=True).first()


def _booked(row: TokenUsage) -> Amount:
    if row.state == TokenUsage.State.PENDING:
        return Amount()
    return Amount(tokens=row.prompt_tokens + row.completion_tokens, cost=row.total_cost or Decimal(0))


def _amount(tokens: TokenCounts, cost: Cost) -> Amount:
    return Amount(tokens=tokens.prompt + tokens.completion, cost=cost.total or Decimal(0))


def _count_on_session(row: TokenUsage, *, tokens: int, cost: Decimal) -> None:
    if row.chat_session_id is None:
        return
    ChatSession.objects.filter(pk=row.chat_session_id).update(
        total_tokens_used=F("total_tokens_used") + tokens,
        total_cost=F("total_cost") + cost,
        updated_at=Now() if row.state == TokenUsage.State.PENDING else F("updated_at"),
    )


def _write(row: TokenUsage, fact: Fact) -> None:
    TokenUsage.objects.filter(pk=row.pk).update(
        state=TokenUsage.State.SETTLED,
        outcome=fact.outcome,
        provider=fact.provider,
        model_name=fact.model_name,
        node=fact.node,
        prompt_tokens=fact.tokens.prompt,
        completion_tokens=fact.tokens.completion,
        cached_tokens=fact.tokens.cached,
        reasoning_tokens=fact.tokens.reasoning,
        is_estimated=fact.is_estimated,
        prompt_cost=fact.cost.prompt,
        completion_cost=fact.cost.completion,
        total_cost=fact.cost.total,
        is_priced=fact.cost.is_priced,
        reserved_tokens=0,
        reserved_cost=Decimal(0),
        response_time_ms=fact.duration_ms,
        settled_at=timezone.now(),
    )
