"""Counts against a key's own limits, as `usage.counters` does against the user's: by conditional UPDATEs.

Every step joins the caller's transaction and locks the key's counters until its end: the day's, then the
month's, then the key itself, all after the user's daily counter.
"""

from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import F, Q
from django.db.models.functions import Now

from controlplane.errors import LimitReached
from controlplane.provider_keys.models import KeyCounter, UserAPIKey
from controlplane.usage.days import first_of_month
from controlplane.usage.limits import limits_for
from controlplane.usage.models.present import counters_seen

Period = KeyCounter.Period


@dataclass(frozen=True, kw_only=True)
class Span:
    """A day or month in which a key's tokens are counted, and the limit that it has there."""

    period: KeyCounter.Period
    starts_on: date
    resets_at: datetime
    limit: int | None

    @property
    def which(self) -> str:
        """The name of its limit, as refusals tell it."""
        return "key_daily_tokens" if self.period == Period.DAY else "key_monthly_tokens"

    def refusal(self, counter: KeyCounter) -> LimitReached:
        """Make the error for a limit without room. Only for a span that has a limit."""
        limit, used = self.limit or 0, counter.tokens + counter.reserved_tokens
        word = "daily" if self.period == Period.DAY else "monthly"
        return LimitReached(
            f"The {word} limit of {limit} tokens on your own API key does not leave room for this.",
            limit=limit,
            used=used,
            remaining=max(limit - used, 0),
            resets_at=self.resets_at,
            which=self.which,
        )


def reserve(key: UserAPIKey, *, tokens: int) -> KeyCounter:
    """Set tokens aside in this day and month; returns the day's counter. Raises LimitReached."""
    day, _ = [_reserve_in(key, span, tokens=tokens) for span in _spans_of(key)]
    return day


def settle(counter_id: int, *, reserved: int, used: int) -> None:
    """Swap a reservation for what was really used, in the day and the month in which it was reserved."""
    _book(counter_id, reserved=reserved, used=used, uses=1)


def correct(counter_id: int, *, difference: int) -> None:
    """Book what a use that was counted already turns out to have used more, or less."""
    _book(counter_id, reserved=0, used=difference, uses=0)


def _book(counter_id: int, *, reserved: int, used: int, uses: int) -> None:
    day = KeyCounter.objects.filter(pk=counter_id)
    swapped = {
        "reserved_tokens": F("reserved_tokens") - reserved,
        "tokens": F("tokens") + used,
    }
    if not day.update(**swapped):
        return
    counter = day.get()
    month = {"key_id": counter.key_id, "period": Period.MONTH, "starts_on": first_of_month(counter.starts_on)}
    KeyCounter.objects.filter(**month).update(**swapped)
    UserAPIKey.objects.filter(pk=counter.key_id).update(
        usage_count=F("usage_count") + uses,
        total_tokens_used=F("total_tokens_used") + used,
        last_used_at=Now() if uses else F("last_used_at"),
    )


def _reserve_in(key: UserAPIKey, span: Span, *, tokens: int) -> KeyCounter:
    counter = _counter_of(key, span)
    room = Q() if span.limit is None else Q(tokens__lte=span.limit - tokens - F("reserved_tokens"))
    reserved = KeyCounter.objects.filter(room, pk=counter.pk).update(
        reserved_tokens=F("reserved_tokens") + tokens
    )
    if not reserved:
        counter.refresh_from_db()
        raise span.refusal(counter)
    return counter


def _counter_of(key: UserAPIKey, span: Span) -> KeyCounter:
    counters = KeyCounter.objects.filter(key=key, period=span.period, starts_on=span.starts_on)
    counter = counters.first()
    if counter is None:
        fresh = KeyCounter(key=key, period=span.period, starts_on=span.starts_on, resets_at=span.resets_at)
        KeyCounter.objects.bulk_create([fresh], ignore_conflicts=True)
        counter = counters.get()
    return counter


def _spans_of(key: UserAPIKey) -> tuple[Span, Span]:
    """Give the day and the month of the key's owner, which its user's own counters have begun or begin."""
    owner = limits_for(key.user)
    now = counters_seen(key.user_id, zone=owner.zone)
    return (
        Span(period=Period.DAY, starts_on=now.day.day, resets_at=now.day.resets_at, limit=key.daily_limit),
        Span(
            period=Period.MONTH,
            starts_on=now.month.month,
            resets_at=now.month.resets_at,
            limit=key.monthly_limit,
        ),
    )
