"""How often a tool may be used: a sliding window made of two counters, looked at and moved in constant time.

The window is the current stretch of the period and the share of the one before that it still covers:
`used = ceil(previous * rest / period) + current`, where `rest` is what is left of the current stretch.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Greatest
from django.utils.translation import gettext_lazy as _

MILLISECOND = timedelta(milliseconds=1)
EPOCH = datetime.fromtimestamp(0, UTC)


class Period(models.TextChoices):
    """What a rate limit is counted over."""

    MINUTE = "minute", _("minute")
    HOUR = "hour", _("hour")
    DAY = "day", _("day")

    @property
    def length(self) -> timedelta:
        """How long it is."""
        return {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}[self]


@dataclass(frozen=True, kw_only=True)
class RateLimit:
    """So many uses per period."""

    uses: int
    period: Period

    def __str__(self) -> str:
        return f"{self.uses}/{self.period.value}"


@dataclass(frozen=True, kw_only=True)
class Window:
    """Where a moment lies within its period; all that follows from the two counters."""

    started_at: datetime
    moment: datetime
    length: timedelta

    @classmethod
    def at(cls, moment: datetime, period: Period) -> "Window":
        """Find the stretch of the period that a moment lies in."""
        return cls(started_at=moment - (moment - EPOCH) % period.length, moment=moment, length=period.length)

    @property
    def _rest(self) -> timedelta:
        return self.started_at + self.length - self.moment

    def counts_of(self, started_at: datetime | None, current: int, previous: int) -> tuple[int, int]:
        """Give the counters as they stand in this window: the current stretch, and the one before."""
        if started_at is None or started_at < self.started_at - self.length:
            return 0, 0
        # A later start is the word of a clock that is ahead.
        return (current, previous) if started_at >= self.started_at else (0, current)

    def used(self, current: int, previous: int) -> int:
        """How many uses count at this moment."""
        return current - (-previous * (self._rest // MILLISECOND) // (self.length // MILLISECOND))

    def opens_at(self, current: int, previous: int, *, limit: int) -> datetime:
        """When one more use fits again; the moment itself when one does already."""
        if self.used(current, previous) < limit:
            return self.moment
        end = self.started_at + self.length
        if current < limit:
            return end - self.length * (limit - 1 - current) / previous
        return end + self.length - self.length * (limit - 1) / current

    def one_more(self) -> dict[str, Any]:
        """Say in SQL's terms what one more use makes of the counters."""
        current, previous = self._counters()
        return {
            # The first of all uses finds no start; GREATEST passes nulls over.
            "window_started_at": Greatest(F("window_started_at"), Value(self.started_at)),
            "window_count": current + 1,
            "previous_window_count": previous,
        }

    def overdraft(self, limit: int) -> CombinedExpression:
        """Say in SQL's terms how far one more use would go beyond the limit; it fits up to 0.

        Whole milliseconds times uses: no rounding, and no quotient.
        """
        current, previous = self._counters()
        whole, rest = self.length // MILLISECOND, self._rest // MILLISECOND
        return previous * rest + current * whole - (limit - 1) * whole

    def _counters(self) -> tuple[Case, Case]:
        is_current = Q(window_started_at__gte=self.started_at)
        is_previous = Q(window_started_at__gte=self.started_at - self.length)
        nothing = Value(0, output_field=models.BigIntegerField())
        current = Case(When(is_current, then=F("window_count")), default=nothing)
        previous = Case(
            When(is_current, then=F("previous_window_count")),
            When(is_previous, then=F("window_count")),
            default=nothing,
        )
        return current, previous
