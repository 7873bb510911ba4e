"""Where sums are read from: days that are rolled up from their sums, all other calls from the ledger."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import BooleanField, Count, ExpressionWrapper, F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce, TruncDate

from controlplane.usage.models import DailyCounter, DailySum, TokenUsage, TokenUsageQuerySet
from controlplane.usage.periods import Period, house_zone

Row = dict[str, Any]
FIGURES: Final = ("calls", "failed_calls", "unpriced_calls", "tokens_in", "tokens_out", "cost")
NOTHING: Final[Mapping[str, Any]] = {**dict.fromkeys(FIGURES, 0), "cost": None}
# Anywhere on earth, a day begins and ends within so much of the house's.
ZONES_APART: Final = timedelta(days=2)
# Named apart from the fields of both tables.
SUM: Final = "sum_of_"


@dataclass(frozen=True, kw_only=True)
class Calls:
    """Settled calls of some days, of one user or of all; a call's day is its counter's, else the house's."""

    period: Period
    owner_id: UUID | None = None

    def total(self) -> Row:
        """Add up all of them; there is one row, also of nothing."""
        return total_of(self.by("request_type"))

    def by(self, key: str, *others: str) -> list[Row]:
        """Add them up by `day`, `user_id`, `model_name`, `provider`, `request_type` or `is_house_paid`.

        In one statement: no call is missed or read twice, though its day is rolled up or booked on meanwhile.
        """
        keys = (key, *others)
        sums = DailySum.objects.filter(counter__in=self._counters().filter(is_rolled_up=True))
        parts = (self._uncounted(), self._of_counters(is_rolled_up=False))
        calls = [_grouped(_named(part.settled()), keys, _FIGURES_OF_CALLS) for part in parts]
        return _merge(keys, _grouped(_named_sums(sums), keys, _FIGURES_OF_SUMS).union(*calls, all=True))

    def by_label(self, key: str, label: str, *, most: int) -> list[Row]:
        """Add them up by session or provider key, with its name, the dearest first: the ledger knows them."""
        around = TokenUsage.objects.within(self.period.start - ZONES_APART, self.period.end + ZONES_APART)
        mine = around if self.owner_id is None else around.owned_by(self.owner_id)
        on_days = _named(mine.settled()).filter(day__range=(self.period.first, self.period.last))
        sums = _grouped(on_days, (key, label), _FIGURES_OF_CALLS)
        return _merge((key, label), sums.order_by(F(f"{SUM}cost").desc(nulls_last=True), key)[:most])

    def _counters(self) -> QuerySet[DailyCounter]:
        days = DailyCounter.objects.filter(day__range=(self.period.first, self.period.last))
        return days if self.owner_id is None else days.filter(user_id=self.owner_id)

    def _of_counters(self, *, is_rolled_up: bool) -> TokenUsageQuerySet:
        return TokenUsage.objects.filter(counter__in=self._counters().filter(is_rolled_up=is_rolled_up))

    def _uncounted(self) -> TokenUsageQuerySet:
        calls = TokenUsage.objects.filter(counter=None).within(self.period.start, self.period.end)
        return calls if self.owner_id is None else calls.owned_by(self.owner_id)


def total_of(rows: Iterable[Row]) -> Row:
    """Add up rows of any keys."""
    (total,) = _merge((), ({f"{SUM}{name}": row[name] for name in FIGURES} for row in rows))
    return total


_FIGURES_OF_SUMS: Final = {f"{SUM}{name}": Sum(name) for name in FIGURES}
_FIGURES_OF_CALLS: Final = {
    f"{SUM}calls": Count("pk"),
    f"{SUM}failed_calls": Count("pk", filter=Q(outcome=TokenUsage.Outcome.FAILED)),
    f"{SUM}unpriced_calls": Count("pk", filter=Q(is_priced=False)),
    f"{SUM}tokens_in": Sum("prompt_tokens"),
    f"{SUM}tokens_out": Sum("completion_tokens"),
    f"{SUM}cost": Sum("total_cost"),
}


def is_house_paid() -> "ExpressionWrapper[Q]":
    """Say in SQL's terms that a call of the ledger ran on the house's key."""
    return ExpressionWrapper(Q(provider_key__isnull=True), output_field=BooleanField())


def _named(calls: TokenUsageQuerySet) -> QuerySet[Any]:
    day = Coalesce("counter__day", TruncDate("created_at", tzinfo=house_zone()))
    return calls.annotate(day=day, is_house_paid=is_house_paid())


def _named_sums(sums: QuerySet[DailySum]) -> QuerySet[Any]:
    return sums.annotate(day=F("counter__day"), user_id=F("counter__user_id"))


def _grouped(rows: QuerySet[Any], keys: Sequence[str], figures: Mapping[str, Any]) -> QuerySet[Any, Row]:
    grouped: QuerySet[Any, Row] = rows.order_by().values(*keys).annotate(**figures)
    return grouped


def _merge(keys: Sequence[str], rows: Iterable[Row]) -> list[Row]:
    """Add up rows of the same keys; without keys there is one row, also of nothing."""
    merged: dict[tuple[Any, ...], Row] = {} if keys else {(): dict(NOTHING)}
    for row in rows:
        group = tuple(row[key] for key in keys)
        into = merged.setdefault(group, {**dict(zip(keys, group, strict=True)), **NOTHING})
        for name in FIGURES:
            into[name] = _plus(into[name], row[f"{SUM}{name}"])
    return list(merged.values())


def _plus(one: Any, other: Any) -> Any:
    # No price is not a price of 0.
    if one is None or other is None:
        return other if one is None else one
    return one + other
