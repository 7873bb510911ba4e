"""Counts against the daily limits: each step is one conditional UPDATE, so parallel calls cannot overshoot.

Every step joins the caller's transaction and locks the counter until its end: take it as the last lock.
"""

from datetime import date
from uuid import UUID

from django.db.models import F

from controlplane.accounts.models import CustomUser
from controlplane.errors import LimitReached
from controlplane.usage.limits import ONE_MESSAGE, Amount, Limits, current_day, limit_reached, limits_for
from controlplane.usage.models import DailyCounter


def consume_message(user: CustomUser, *, is_house_paid: bool = True) -> DailyCounter:
    """Count one message. Raises LimitReached, also when no tokens or money are left to answer it.

    What is not paid by the house needs no money of its limit.
    """
    counter, limits = _todays_counter(user), _limits_for(user, is_house_paid=is_house_paid)
    with_room = DailyCounter.objects.filter(limits.room_for(ONE_MESSAGE), pk=counter.pk)
    if not with_room.update(messages=F("messages") + 1):
        raise _refusal(counter.pk, limits, ONE_MESSAGE)
    return counter


def refund_message(*, user_id: UUID, day: date) -> None:
    """Take back one message that was counted and never sent."""
    counters = DailyCounter.objects.filter(user_id=user_id, day=day, messages__gt=0)
    counters.update(messages=F("messages") - 1)


def reserve(user: CustomUser, amount: Amount, *, is_house_paid: bool = True) -> DailyCounter:
    """Set tokens and money aside. Raises LimitReached when they do not fit any more."""
    counter, limits = _todays_counter(user), _limits_for(user, is_house_paid=is_house_paid)
    reserved = DailyCounter.objects.filter(limits.room_for(amount), pk=counter.pk).update(
        reserved_tokens=F("reserved_tokens") + amount.tokens, reserved_cost=F("reserved_cost") + amount.cost
    )
    if not reserved:
        raise _refusal(counter.pk, limits, amount)
    return counter


def settle(counter_id: int, *, reserved: Amount, used: Amount) -> None:
    """Swap a reservation for what was really used, on the day on which it was reserved."""
    DailyCounter.objects.filter(pk=counter_id).update(
        reserved_tokens=F("reserved_tokens") - reserved.tokens,
        reserved_cost=F("reserved_cost") - reserved.cost,
        tokens=F("tokens") + used.tokens,
        cost=F("cost") + used.cost,
    )


def release(counter_id: int, *, reserved: Amount) -> None:
    """Give a reservation back of which nothing was used."""
    settle(counter_id, reserved=reserved, used=Amount())


def _limits_for(user: CustomUser, *, is_house_paid: bool) -> Limits:
    limits = limits_for(user)
    return limits if is_house_paid else limits.but_cost()


def _todays_counter(user: CustomUser) -> DailyCounter:
    today = current_day()
    counters = DailyCounter.objects.filter(user=user, day=today.day)
    counter = counters.first()
    if counter is None:
        fresh = DailyCounter(user=user, day=today.day, resets_at=today.resets_at)
        DailyCounter.objects.bulk_create([fresh], ignore_conflicts=True)
        counter = counters.get()
    return counter


def _refusal(counter_id: int, limits: Limits, wanted: Amount) -> LimitReached:
    counter = DailyCounter.objects.get(pk=counter_id)
    gauges = limits.gauges(used=counter.standing, wanted=wanted)
    # Room may have come back since; the refusal stands, and the figures are those of now.
    full = next((gauge for gauge in gauges if not gauge.has_room), None)
    limited = next(gauge for gauge in gauges if gauge.limit is not None)
    return limit_reached(full or limited, counter.resets_at)
