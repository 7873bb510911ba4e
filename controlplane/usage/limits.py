"""What a user may use per day and per month, and what stands in the way of using more."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from django.db.models import F, Q, TextChoices
from django.utils.translation import gettext_lazy as _

from controlplane.accounts.models import CustomUser
from controlplane.errors import LimitReached
from controlplane.preferences.limits import TermLimitsInForce, limits_in_force
from controlplane.preferences.zones import zone_named

# More than anybody uses, and little enough to be reckoned with in the database's integers.
MOST_COUNTED: Final = 10**15


class Term(TextChoices):
    """How long a limit counts until it is reset."""

    DAY = "day", _("day")
    MONTH = "month", _("month")

    @property
    def word(self) -> str:
        """The adjective, as in the names of limits."""
        return "daily" if self is Term.DAY else "monthly"


@dataclass(frozen=True, kw_only=True)
class Amount:
    """What is counted in one term: messages, tokens and US dollars."""

    messages: int = 0
    tokens: int = 0
    cost: Decimal = Decimal(0)


# A message is worth counting only if at least something could be answered.
ONE_MESSAGE: Final = Amount(messages=1, tokens=1, cost=Decimal("0.000000001"))


@dataclass(frozen=True, kw_only=True)
class Gauge:
    """One limit and how far it is used, reservations included; `limit` None is no limit."""

    term: Term
    kind: str
    limit: int | Decimal | None
    used: int | Decimal
    wanted: int | Decimal

    @property
    def which(self) -> str:
        """The limit's stable name, as in `daily_tokens`."""
        return f"{self.term.word}_{self.kind}"

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
        what = "US dollars" if self.kind == "cost" else self.kind
        return f"Your {self.term.word} limit of {self.limit} {what} does not leave room for this."


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Limits of one day or month; None is no limit. `cost` is in US dollars."""

    messages: int | None = None
    tokens: int | None = None
    cost: Decimal | None = None

    def but_cost(self) -> "Limits":
        """Leave out money, for what the house does not pay."""
        return replace(self, cost=None)

    def room_for(self, wanted: Amount) -> Q:
        """Say in SQL's terms that an amount still fits on a counter, with what was granted on it."""
        room = Q()
        if self.messages is not None:
            left = min(self.messages, MOST_COUNTED) - wanted.messages
            room &= Q(messages__lte=F("granted_messages") + left)
        if self.tokens is not None:
            left = min(self.tokens, MOST_COUNTED) - wanted.tokens
            room &= Q(tokens__lte=F("granted_tokens") - F("reserved_tokens") + left)
        if self.cost is not None:
            room &= Q(cost__lte=F("granted_cost") - F("reserved_cost") + (self.cost - wanted.cost))
        return room

    def plus(self, granted: Amount) -> "Limits":
        """Raise what is limited by what was granted for the term."""
        return Limits(
            messages=None if self.messages is None else self.messages + granted.messages,
            tokens=None if self.tokens is None else self.tokens + granted.tokens,
            cost=None if self.cost is None else self.cost + granted.cost,
        )

    def gauges(self, *, used: Amount, wanted: Amount, term: Term = Term.DAY) -> tuple[Gauge, Gauge, Gauge]:
        """Hold what is used against each limit: messages, tokens, cost."""
        return (
            Gauge(
                term=term, kind="messages", limit=self.messages, used=used.messages, wanted=wanted.messages
            ),
            Gauge(term=term, kind="tokens", limit=self.tokens, used=used.tokens, wanted=wanted.tokens),
            Gauge(term=term, kind="cost", limit=self.cost, used=used.cost, wanted=wanted.cost),
        )


@dataclass(frozen=True, kw_only=True)
class UserLimits:
    """The limits of a user's day and month, and the zone in which both begin."""

    day: Limits
    month: Limits
    zone: ZoneInfo

    def but_cost(self) -> "UserLimits":
        """Leave out money, for what the house does not pay."""
        return replace(self, day=self.day.but_cost(), month=self.month.but_cost())

    def of(self, term: Term) -> Limits:
        """Give those of one term."""
        return self.day if term is Term.DAY else self.month

    @property
    def limits_cost(self) -> bool:
        """Whether money is limited at all."""
        return self.day.cost is not None or self.month.cost is not None


def limits_for(user: CustomUser) -> UserLimits:
    """Give the limits that hold for a user, from the database in one query (`preferences.limits`)."""
    in_force = limits_in_force(user.pk)
    return UserLimits(
        day=_values(in_force.day), month=_values(in_force.month), zone=zone_named(in_force.timezone)
    )


def limit_reached(gauge: Gauge, resets_at: datetime) -> LimitReached:
    """Make the error for a limit that has no room. Only for a gauge that has a limit."""
    if gauge.limit is None or gauge.remaining is None:
        raise ValueError("a gauge without a limit refuses nothing")
    return LimitReached(
        gauge.refusal,
        limit=gauge.limit,
        used=gauge.used,
        remaining=gauge.remaining,
        resets_at=resets_at,
        which=gauge.which,
    )


def _values(in_force: TermLimitsInForce) -> Limits:
    return Limits(messages=in_force.messages.value, tokens=in_force.tokens.value, cost=in_force.cost.value)
