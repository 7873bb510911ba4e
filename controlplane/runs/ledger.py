"""Books what calls used: a row is settled once, and corrected once if its record comes after its estimate."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from controlplane.provider_keys import counters as key_counters
from controlplane.provider_keys.services import key_refuse
from controlplane.usage import counters
from controlplane.usage.limits import Amount
from controlplane.usage.models import TokenUsage, TokenUsageQuerySet
from controlplane.usage.pricing import Cost, TokenCounts, price_call
from sdk_bridge import UsageRecord

# What a record calls the refusal of a user's own key by its provider.
KEY_REFUSED = "key_refused"
# Prompt and answer together still fit into the column of their sum.
LARGEST = 1_000_000_000


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


def record_commit(record: UsageRecord) -> bool:
    """Settle one call by its record, in one transaction; a repeat changes nothing.

    A record that comes after the estimate takes its place, and what differs is booked on the same counters.
    Returns whether it was booked now: one that no permit belongs to is not.
    """
    tokens = TokenCounts(
        prompt=_bounded(record.input_tokens),
        completion=_bounded(record.output_tokens),
        cached=_bounded(record.cached_tokens),
        reasoning=_bounded(record.reasoning_tokens),
    )
    with transaction.atomic():
        row = _lock(TokenUsage.objects.without_record(), record.attempt_id, record.run_id)
        if row is None:
            return False
        # The permit found out whose model it is; the graph knows the protocol alone.
        provider = row.provider or record.provider
        fact = Fact(
            outcome=record.outcome,
            tokens=tokens,
            # By the prices under which it was permitted, as whoever prices it again will do.
            cost=price_call(record.model, tokens, provider=provider, at=row.created_at),
            is_estimated=record.is_estimated,
            provider=provider,
            model_name=record.model,
            node=record.node,
            duration_ms=_bounded(record.duration_ms),
        )
        _book(row, fact)
        # The key after its counters, as everywhere.
        if record.failure == KEY_REFUSED and row.provider_key_id is not None:
            key_refuse(key_id=row.provider_key_id, version=record.own_key_version, called_at=row.created_at)
    return True


def estimate_commit(*, attempt_id: UUID, run_id: UUID) -> bool:
    """Settle a call of which no record was found by the estimate of its permit; outcome `unknown`."""
    with transaction.atomic():
        row = _lock(TokenUsage.objects.pending(), attempt_id, run_id)
        if row is None:
            return False
        fact = Fact(
            outcome=TokenUsage.Outcome.UNKNOWN,
            tokens=TokenCounts(prompt=row.prompt_tokens, completion=row.completion_tokens),
            cost=Cost(prompt=row.prompt_cost, completion=row.completion_cost, total=row.total_cost),
            is_estimated=True,
            provider=row.provider,
            model_name=row.model_name,
            node=row.node,
        )
        _book(row, fact)
    return True


def _bounded(figure: int) -> int:
    """Keep what a provider made up within the columns, or its call could never be settled."""
    return min(max(figure, 0), LARGEST)


def _lock(rows: TokenUsageQuerySet, attempt_id: UUID, run_id: UUID) -> TokenUsage | None:
    return rows.select_for_update(no_key=True).filter(pk=attempt_id, run_id=run_id).first()


def _book(row: TokenUsage, fact: Fact) -> None:
    reserved = Amount(tokens=row.reserved_tokens, cost=row.reserved_cost)
    is_first = row.state == TokenUsage.State.PENDING
    # What an estimate has booked already is there; its record adds what it was wrong by.
    was_booked = Amount() if is_first else _amount(row.total_tokens, row.total_cost)
    used = _amount(fact.tokens.prompt + fact.tokens.completion, fact.cost.total)
    tokens, cost = used.tokens - was_booked.tokens, used.cost - was_booked.cost
    _write(row, fact)
    # Session before counter: the order in which every transaction takes these locks.
    if row.chat_session is not None:
        row.chat_session.update_analytics(tokens_used=tokens, cost=cost)
    if row.counter_id is not None:
        # A user's own key is not paid by the house, so its cost is not the house's limit's.
        house_cost = cost if row.key_counter_id is None else Decimal(0)
        counters.settle(row.counter_id, reserved=reserved, used=Amount(tokens=tokens, cost=house_cost))
    if row.key_counter_id is not None:
        key_counters.settle(
            row.key_counter_id, reserved=reserved.tokens, used=tokens, calls=1 if is_first else 0
        )


def _amount(tokens: int, cost: Decimal | None) -> Amount:
    return Amount(tokens=tokens, cost=cost or Decimal(0))


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
