"""Prices settled calls again by the prices of their own moments, and books the differences."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import F

from controlplane.chat.models import ChatSession
from controlplane.errors import Conflict
from controlplane.maintenance.archived_months import archived_within, rows_may_change, unarchived
from controlplane.maintenance.batches import key_batches, lock
from controlplane.usage.counters import settle_together
from controlplane.usage.limits import Amount
from controlplane.usage.models import DailyCounter, TokenUsage
from controlplane.usage.periods import Period
from controlplane.usage.pricing import Cost, PriceBook, TokenCounts


@dataclass(kw_only=True)
class Rerating:
    """What was looked at and changed; `difference` in US dollars, a call without a price counting as 0."""

    looked_at: int = 0
    changed: int = 0
    unpriced: int = 0
    difference: Decimal = field(default_factory=Decimal)


def usage_rerate(*, period: Period, model_name: str = "", dry_run: bool = False) -> Rerating:
    """Price the settled calls of a period again, in batches of one transaction each; counts of tokens stay.

    The differences go to the totals of sessions, days and months. A repeat changes nothing.
    """
    rows = TokenUsage.objects.settled().within(period.start, period.end)
    if model_name:
        rows = rows.filter(model_name=model_name)
    done = Rerating()
    for keys in key_batches(rows, by="created_at"):
        with transaction.atomic():
            rows_may_change()
            if archived := archived_within(period.first, period.last):
                raise Conflict(f"{archived[0]} is archived: restore it first.", code="month_archived")
            # Sessions before their calls, as whoever deletes a session takes these locks.
            sessions = rows.filter(pk__in=keys, chat_session__isnull=False).order_by()
            lock(ChatSession.objects.all(), list(sessions.values_list("chat_session_id", flat=True)))
            # A call at the period's edge may be of a day of the month before, which is archived.
            _rerate(lock(unarchived(rows), keys), done, dry_run=dry_run)
    return done


def _rerate(batch: list[TokenUsage], done: Rerating, *, dry_run: bool) -> None:
    prices = PriceBook(row.model_name for row in batch)
    changed: list[TokenUsage] = []
    by_session: dict[Any, Decimal] = defaultdict(Decimal)
    by_counter: dict[Any, Decimal] = defaultdict(Decimal)
    for row in batch:
        cost = _price_again(prices, row)
        done.unpriced += not cost.is_priced
        if (cost.prompt, cost.completion) == (row.prompt_cost, row.completion_cost):
            continue
        difference = (cost.total or Decimal(0)) - (row.total_cost or Decimal(0))
        by_session[row.chat_session_id] += difference
        # The house's limit does not know what users' own keys cost; the sums of the day do.
        by_counter[row.counter_id] += difference if row.key_counter_id is None else 0
        done.difference += difference
        row.prompt_cost, row.completion_cost, row.total_cost = cost.prompt, cost.completion, cost.total
        row.is_priced = cost.is_priced
        changed.append(row)
    done.looked_at += len(batch)
    done.changed += len(changed)
    if changed and not dry_run:
        _book(changed, by_session, by_counter)


def _price_again(prices: PriceBook, row: TokenUsage) -> Cost:
    tokens = TokenCounts(
        prompt=row.prompt_tokens,
        completion=row.completion_tokens,
        cached=row.cached_tokens,
        reasoning=row.reasoning_tokens,
    )
    return prices.price(row.model_name, tokens, provider=row.provider or None, at=row.created_at)


def _book(
    changed: list[TokenUsage], by_session: Mapping[Any, Decimal], by_counter: Mapping[Any, Decimal]
) -> None:
    TokenUsage.objects.bulk_update(changed, ["prompt_cost", "completion_cost", "total_cost", "is_priced"])
    # Sessions before counters, each in the order of keys: as every transaction takes these locks.
    for session_id in sorted(key for key in by_session if key is not None):
        sessions = ChatSession.objects.filter(pk=session_id)
        sessions.update(total_cost=F("total_cost") + by_session[session_id])
    used = {key: Amount(cost=difference) for key, difference in by_counter.items() if key is not None}
    settle_together(used)
    DailyCounter.objects.filter(pk__in=list(used)).want_rollup()
