"""Knows which months of the ledger are in files, so that nobody takes their missing calls for nothing."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q, Sum

from controlplane.usage.models import ArchivedMonth, ArchivedSum, TokenUsage, TokenUsageQuerySet

# Of the database's advisory locks: that the settled calls of closed months stay as they are.
LOCK = 7_205_311


@dataclass(frozen=True, order=True)
class UsageMonth:
    """A month by UTC, named by its first day: the same calls belong to it wherever one asks from."""

    first: date

    @classmethod
    def of(cls, moment: datetime) -> "UsageMonth":
        """Give the month of a moment."""
        return cls(moment.astimezone(UTC).date().replace(day=1))

    @property
    def start(self) -> datetime:
        """The moment at which it begins."""
        return datetime.combine(self.first, time.min, UTC)

    @property
    def end(self) -> datetime:
        """The moment at which the next one begins."""
        return datetime.combine((self.first + timedelta(days=31)).replace(day=1), time.min, UTC)

    def __str__(self) -> str:
        return f"{self.first:%Y-%m}"


def is_archived(attempt_id: UUID) -> bool:
    """Whether a call belongs to a month that was moved out, by the time in its id (UUIDv7, RFC 9562)."""
    called_at = datetime.fromtimestamp((attempt_id.int >> 80) / 1000, UTC)
    return ArchivedMonth.objects.filter(month=UsageMonth.of(called_at).first).exists()


def archived_within(start: datetime, end: datetime) -> list[UsageMonth]:
    """Name the archived months that share a moment with a span, oldest first."""
    months = map(UsageMonth, ArchivedMonth.objects.order_by("month").values_list("month", flat=True))
    return [month for month in months if month.start < end and start < month.end]


def rows_hold() -> None:
    """Wait for those who change settled calls, and keep others from it until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def rows_may_change() -> None:
    """Keep months from being archived until the transaction ends; many may do so at a time."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [LOCK])


def unarchived(rows: TokenUsageQuerySet) -> TokenUsageQuerySet:
    """Leave out the calls of archived months, which are rows again while one is moved out or back."""
    spans = Q()
    for (month,) in ArchivedMonth.objects.values_list("month"):
        named = UsageMonth(month)
        spans |= Q(created_at__gte=named.start, created_at__lt=named.end)
    return rows.exclude(spans) if spans else rows


def archived_sums(kind: ArchivedSum.Kind, subjects: Collection[Any]) -> dict[str, tuple[int, Decimal]]:
    """Add up the archived tokens and cost of some sessions or counters, by their ids as text."""
    sums = ArchivedSum.objects.filter(kind=kind, subject_id__in=[str(one) for one in subjects]).order_by()
    totals = sums.values_list("subject_id").annotate(Sum("tokens"), Sum("cost"))
    return {subject: (int(tokens), cost) for subject, tokens, cost in totals}


def calls_of(month: UsageMonth) -> TokenUsageQuerySet:
    """Give all calls of a month, oldest first."""
    return TokenUsage.objects.within(month.start, month.end).order_by("created_at", "pk")
