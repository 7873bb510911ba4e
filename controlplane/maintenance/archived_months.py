"""Knows which months of the ledger are in files, so that nobody takes their missing calls for nothing."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q, Sum

from controlplane.usage.models import ArchivedMonth, ArchivedSum, DailyCounter, TokenUsage, TokenUsageQuerySet
from controlplane.usage.models.counters import DailyCounterQuerySet

ONE_DAY = timedelta(days=1)
# Of the database's advisory locks: that the settled calls of closed months stay as they are.
LOCK = 7_205_311


@dataclass(frozen=True, order=True)
class UsageMonth:
    """The days of one month, named by the first; which calls are theirs, their counters know."""

    first: date

    @property
    def next_first(self) -> date:
        """The first day of the next one."""
        return (self.first + timedelta(days=31)).replace(day=1)

    @property
    def over_at(self) -> datetime:
        """The moment at which it is over everywhere on earth."""
        return datetime.combine(self.next_first, time.min, UTC) + timedelta(hours=12)

    def __str__(self) -> str:
        return f"{self.first:%Y-%m}"


def is_archived(attempt_id: UUID) -> bool:
    """Whether a call may be of a month that was moved out, by the time in its id (UUIDv7, RFC 9562)."""
    try:
        called_on = datetime.fromtimestamp((attempt_id.int >> 80) / 1000, UTC).date()
        return bool(archived_within(called_on - ONE_DAY, called_on + ONE_DAY))
    except (ValueError, OverflowError):
        # A thread is its user's to write: it may name any id, also one of after the last year.
        return False


def archived_within(first: date, last: date) -> list[UsageMonth]:
    """Name the archived months that share a day with a span, oldest first."""
    months = map(UsageMonth, ArchivedMonth.objects.order_by("month").values_list("month", flat=True))
    return [month for month in months if month.first <= last and first < month.next_first]


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
    days = Q()
    for (month,) in ArchivedMonth.objects.values_list("month"):
        days |= Q(counter__day__gte=month, counter__day__lt=UsageMonth(month).next_first)
    return rows.exclude(days) if days else rows


def archived_sums(kind: ArchivedSum.Kind, subjects: Collection[Any]) -> dict[str, tuple[int, Decimal]]:
    """Add up the archived tokens and cost of some sessions or counters, by their ids as text."""
    sums = ArchivedSum.objects.filter(kind=kind, subject_id__in=[str(one) for one in subjects]).order_by()
    totals = sums.values_list("subject_id").annotate(Sum("tokens"), Sum("cost"))
    return {subject: (int(tokens), cost) for subject, tokens, cost in totals}


def calls_of(month: UsageMonth) -> TokenUsageQuerySet:
    """Give all calls of a month's days, oldest first. Those that nobody is billed for are of no day."""
    return TokenUsage.objects.filter(counter__in=counters_of(month)).order_by("created_at", "pk")


def counters_of(month: UsageMonth) -> DailyCounterQuerySet:
    """Give the counters of a month's days."""
    return DailyCounter.objects.filter(day__gte=month.first, day__lt=month.next_first)
