"""Books what calls used: by their records, or by the estimates of their permits where there are none."""

from uuid import UUID

from django.db import transaction

from controlplane.provider_keys.services import key_refuse
from controlplane.runs.booking import Fact, correctable_lock, fact_book, pending_lock
from controlplane.usage.models import TokenUsage
from controlplane.usage.pricing import Cost, TokenCounts, price_call
from sdk_bridge import UsageRecord

# What a record calls the refusal of a user's own key by its provider.
KEY_REFUSED = "key_refused"
# Prompt and answer together still fit into the column of their sum.
LARGEST = 1_000_000_000


def record_commit(record: UsageRecord) -> bool:
    """Settle one call by its record, in one transaction; a repeat changes nothing.

    A record that comes after the estimate takes its place, with all that was counted by it. Returns whether
    it was booked now: one that no permit belongs to is not.
    """
    tokens = TokenCounts(
        prompt=_bounded(record.input_tokens),
        completion=_bounded(record.output_tokens),
        cached=_bounded(record.cached_tokens),
        reasoning=_bounded(record.reasoning_tokens),
    )
    with transaction.atomic():
        row = correctable_lock(record.attempt_id, record.run_id)
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
        fact_book(row, fact)
        # The key after its counters, as everywhere.
        if record.failure == KEY_REFUSED and row.provider_key_id is not None:
            key_refuse(key_id=row.provider_key_id, version=record.own_key_version, called_at=row.created_at)
    return True


def estimate_commit(*, attempt_id: UUID, run_id: UUID | None) -> bool:
    """Settle a call of which no record was found by the estimate of its permit; outcome `unknown`."""
    with transaction.atomic():
        row = pending_lock(attempt_id, run_id)
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
        fact_book(row, fact)
    return True


def _bounded(figure: int) -> int:
    """Keep what a provider made up within the columns, or its call could never be settled."""
    return min(max(figure, 0), LARGEST)
