"""Works the counters of months out again from those of their days, and keys' counters from their calls."""

from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import TruncMonth

from controlplane.maintenance.archived_months import archived_sums, unarchived
from controlplane.maintenance.batches import key_batches, lock
from controlplane.maintenance.totals import (
    NOTHING_GRANTED,
    NOTHING_USED,
    Figures,
    Rebuilding,
    granted_figures,
    mend,
)
from controlplane.provider_keys.models import KeyCounter
from controlplane.usage.limits import Term
from controlplane.usage.models import ArchivedSum, DailyCounter, MonthlyCounter, TokenUsage

SUMMED: Final = ("messages", "tokens", "cost", "reserved_tokens", "reserved_cost")
SUMMED_OF_KEYS: Final = ("tokens", "reserved_tokens")


def months_rebuild(*, user_id: UUID | None = None, dry_run: bool = False) -> Rebuilding:
    """Set each month's counter to what its days and its grants add up to; the days are to be right already.

    In batches of one transaction each, under the locks of the months: whoever counts something meanwhile has
    committed it in both, or waits for the month, and adds to it afterwards.
    """
    months: QuerySet[MonthlyCounter] = MonthlyCounter.objects.all()
    if user_id is not None:
        months = months.filter(user_id=user_id)
    done = Rebuilding()
    for keys in key_batches(months):
        with transaction.atomic():
            rows: list[MonthlyCounter] = lock(months, keys)
            mend(rows, _figures_of_months(rows), done, dry_run=dry_run)
    return done


def key_counters_rebuild(*, user_id: UUID | None = None, dry_run: bool = False) -> Rebuilding:
    """Set each counter of a user's own key to what its calls add up to: the days first, then the months."""
    counters: QuerySet[KeyCounter] = KeyCounter.objects.all()
    if user_id is not None:
        counters = counters.filter(key__user_id=user_id)
    done = Rebuilding()
    for period, figures_of in (
        (KeyCounter.Period.DAY, _figures_of_key_days),
        (KeyCounter.Period.MONTH, _figures_of_key_months),
    ):
        chosen = counters.filter(period=period)
        for keys in key_batches(chosen):
            with transaction.atomic():
                rows: list[KeyCounter] = lock(chosen, keys)
                mend(rows, figures_of(rows), done, dry_run=dry_run)
    return done


def _figures_of_months(rows: list[MonthlyCounter]) -> Figures:
    owners, starts = {row.user_id for row in rows}, {row.month for row in rows}
    granted = granted_figures(owners, Term.MONTH, starts)
    days = DailyCounter.objects.filter(user_id__in=owners).order_by()
    of_months = days.annotate(of=TruncMonth("day")).filter(of__in=starts).values_list("user_id", "of")
    sums = {
        (user_id, month): dict(zip(SUMMED, values, strict=True))
        for user_id, month, *values in of_months.annotate(*(Sum(name) for name in SUMMED))
    }
    nothing: dict[str, Any] = {"messages": 0, **NOTHING_USED}
    return {
        row.pk: {
            **sums.get((row.user_id, row.month), nothing),
            **granted.get((row.user_id, row.month), NOTHING_GRANTED),
        }
        for row in rows
    }


def _figures_of_key_days(rows: list[KeyCounter]) -> Figures:
    figures: Figures = {row.pk: dict.fromkeys(SUMMED_OF_KEYS, 0) for row in rows}
    is_settled = Q(state=TokenUsage.State.SETTLED)
    calls = unarchived(TokenUsage.objects.all()).filter(key_counter_id__in=list(figures)).order_by()
    for key, *sums in calls.values_list("key_counter_id").annotate(
        used=Sum("total_tokens", filter=is_settled, default=0), set_aside=Sum("reserved_tokens", default=0)
    ):
        figures[key] = dict(zip(SUMMED_OF_KEYS, sums, strict=True))
    for key, (tokens, _) in archived_sums(ArchivedSum.Kind.KEY_COUNTER, list(figures)).items():
        figures[int(key)]["tokens"] += tokens
    return figures


def _figures_of_key_months(rows: list[KeyCounter]) -> Figures:
    days = KeyCounter.objects.filter(key_id__in={row.key_id for row in rows}, period=KeyCounter.Period.DAY)
    of_months = days.order_by().annotate(of=TruncMonth("starts_on")).values_list("key_id", "of")
    sums = {
        (key_id, month): dict(zip(SUMMED_OF_KEYS, values, strict=True))
        for key_id, month, *values in of_months.annotate(*(Sum(name) for name in SUMMED_OF_KEYS))
    }
    nothing = dict.fromkeys(SUMMED_OF_KEYS, 0)
    return {row.pk: sums.get((row.key_id, row.starts_on), nothing) for row in rows}
