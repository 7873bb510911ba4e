"""What a user may use per day, when their day ends, and what stands in the way of using more."""

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import F, Q
from django.utils import timezone

from controlplane.accounts.models import CustomUser
from controlplane.errors import LimitReached
from controlplane.preferences.limits import limits_in_force


@dataclass(frozen=True, kw_only=True)
class Amount:
    """What is counted on one day: messages, tokens and US dollars."""

    messages: int = 0
    tokens: int = 0
    cost: Decimal = Decimal(0)


# A message is worth counting only if at least something could be answered.
ONE_MESSAGE: Final = Amount(messages=1, tokens=1, cost=Decimal("0.000000001"))


@dataclass(frozen=True, kw_only=True)
class UsageDay:
    """A day on which usage is counted, and the moment at which the next one begins."""

    day: date
    resets_at: datetime


@dataclass(frozen=True, kw_only=True)
class Gauge:
    """One limit and how far it is used, reservations included; `limit` None is no limit."""

    what: str
    limit: int | Decimal | None
    used: int | Decimal
    wanted: int | Decimal

    @property
    def remaining(self) -> int | Decimal | None:
        """What is left; never below 0, None without a limit."""
        return None if self.limit is None else max(self.limit - self.used, type(self.limit)(0))

    @property
    def has_room(self) -> bool:
        """Whether what is wanted still fits."""
        return self.limit is None or self.used + self.wanted <= self.limit

    @property
    def refusal(self) -> str:
        """The sentence that a user reads."""
        return f"Your daily limit of {self.limit} {self.what} does not leave room for this."


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Limits of one day; None is no limit. `cost` is in US dollars."""

    messages: int | None = None
    tokens: int | None = None
    cost: Decimal | None = None

    def but_cost(self) -> "Limits":
        """Leave out money, for what the house does not pay."""
        return replace(self, cost=None)

    def room_for(self, wanted: Amount) -> Q:
        """Say in SQL's terms that an amount still fits on a counter."""
        room = Q()
        if self.messages is not None:
            room &= Q(messages__lte=self.messages - wanted.messages)
        if self.tokens is not None:
            room &= Q(tokens__lte=self.tokens - wanted.tokens - F("reserved_tokens"))
        if self.cost is not None:
            room &= Q(cost__lte=self.cost - wanted.cost - F("reserved_cost"))
        return room

    def gauges(self, *, used: Amount, wanted: Amount) -> tuple[Gauge, Gauge, Gauge]:
        """Hold what is used against each limit: messages, tokens, cost."""
        return (
            Gauge(what="messages", limit=self.messages, used=used.messages, wanted=wanted.messages),
            Gauge(what="tokens", limit=self.tokens, used=used.tokens, wanted=wanted.tokens),
            Gauge(what="US dollars", limit=self.cost, used=used.cost, wanted=wanted.cost),
        )


def limits_for(user: CustomUser) -> Limits:
    """Give the limits that hold for a user, from the database in one query (`preferences.limits`)."""
    in_force = limits_in_force(user.pk)
    return Limits(messages=in_force.messages.value, tokens=in_force.tokens.value, cost=in_force.cost.value)


def current_day() -> UsageDay:
    """Give the day that it is now in the house's TIME_ZONE."""
    zone = ZoneInfo(settings.TIME_ZONE)
    today = timezone.now().astimezone(zone).date()
    return UsageDay(day=today, resets_at=datetime.combine(today + timedelta(days=1), time.min, zone))


def limit_reached(gauge: Gauge, resets_at: datetime) -> LimitReached:
    """Make the error for a limit that has no room. Only for a gauge that has a limit."""
    if gauge.limit is None or gauge.remaining is None:
        raise ValueError("a gauge without a limit refuses nothing")
    return LimitReached(
        gauge.refusal, limit=gauge.limit, used=gauge.used, remaining=gauge.remaining, resets_at=resets_at
    )
