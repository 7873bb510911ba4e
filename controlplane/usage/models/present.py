"""Finds the counters of a user's present day and month."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils import timezone

from controlplane.usage.days import day_following, first_of_next_month, midnight
from controlplane.usage.limits import Amount, Gauge, UserLimits
from controlplane.usage.models.counters import DailyCounter, MonthlyCounter


@dataclass(frozen=True, kw_only=True)
class Counters:
    """A user's present day and month; one in which nothing was counted yet has no row."""

    day: DailyCounter
    month: MonthlyCounter

    @property
    def have_begun(self) -> bool:
        """Whether both have rows."""
        return not (self.day._state.adding or self.month._state.adding)

    def gauges(self, limits: UserLimits, *, wanted: Amount) -> Iterator[tuple[Gauge, datetime]]:
        """Hold each counter against its limits, grants included; the day's first, each with its reset."""
        for counter in (self.day, self.month):
            for gauge in counter.gauges(limits.of(counter.term), wanted=wanted):
                yield gauge, counter.resets_at


def counters_seen(user_id: UUID, *, zone: ZoneInfo) -> Counters:
    """Read a user's present counters, one row each, and write nothing.

    A day that has begun goes on until its `resets_at`, wherever its user has moved to meanwhile; the month is
    always that of the day.
    """
    now = timezone.now()
    day = DailyCounter.objects.filter(user_id=user_id).order_by("-day").first()
    if day is None or day.resets_at <= now:
        begins = day_following(day.day if day else None, zone=zone, now=now)
        day = DailyCounter(user_id=user_id, day=begins.day, resets_at=begins.resets_at)
    month = MonthlyCounter.objects.filter(user_id=user_id, month=day.month).first()
    month = month or MonthlyCounter(user_id=user_id, month=day.month)
    if day._state.adding or month._state.adding:
        # A zone that was changed in the middle of a month moves the month's end, from the next day on.
        month.resets_at = midnight(first_of_next_month(day.day), zone)
    return Counters(day=day, month=month)
