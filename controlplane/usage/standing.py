"""Where a user stands with each limit of the present day and month."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from controlplane.accounts.models import CustomUser
from controlplane.api.rate_limits import RateLimit
from controlplane.usage.limits import Amount, Gauge, Limits, limits_for
from controlplane.usage.models.counters import UsageCounter
from controlplane.usage.models.present import counters_seen


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where a user stands with one limit; None is no limit, and then nothing can remain of it."""

    which: str
    limit: int | Decimal | None
    granted: int | Decimal
    used: int | Decimal
    reserved: int | Decimal
    remaining: int | Decimal | None
    resets_at: datetime


@dataclass(frozen=True, kw_only=True)
class TermStandings:
    """All limits of one day or month."""

    starts_on: date
    messages: Standing
    tokens: Standing
    cost: Standing


@dataclass(frozen=True, kw_only=True)
class Standings:
    """All limits of the present day and month."""

    day: TermStandings
    month: TermStandings

    @property
    def limited(self) -> list[RateLimit]:
        """Those limits that there are, as headers tell them."""
        terms = (self.day, self.month)
        return [
            RateLimit(which=one.which, limit=one.limit, remaining=one.remaining, resets_at=one.resets_at)
            for term in terms
            for one in (term.messages, term.tokens, term.cost)
            if one.limit is not None and one.remaining is not None
        ]


def limits_standing(user: CustomUser) -> Standings:
    """Say how far a user's limits are used; a row of the day and one of the month are read."""
    limits = limits_for(user)
    counters = counters_seen(user.pk, zone=limits.zone)
    day, month = counters.day, counters.month
    return Standings(
        day=_stand(day, limits.day, starts_on=day.day, resets_at=day.resets_at),
        month=_stand(month, limits.month, starts_on=month.month, resets_at=month.resets_at),
    )


def _stand(counter: UsageCounter, limits: Limits, *, starts_on: date, resets_at: datetime) -> TermStandings:
    messages, tokens, cost = counter.gauges(limits, wanted=Amount())

    def standing(gauge: Gauge, *, granted: int | Decimal, reserved: int | Decimal) -> Standing:
        return Standing(
            which=gauge.which,
            limit=gauge.limit,
            granted=granted,
            used=gauge.used - reserved,
            reserved=reserved,
            remaining=gauge.remaining,
            resets_at=resets_at,
        )

    return TermStandings(
        starts_on=starts_on,
        messages=standing(messages, granted=counter.granted_messages, reserved=0),
        tokens=standing(tokens, granted=counter.granted_tokens, reserved=counter.reserved_tokens),
        cost=standing(cost, granted=counter.granted_cost, reserved=counter.reserved_cost),
    )
