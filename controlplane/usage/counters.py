"""Counts against the limits of days and months: one conditional UPDATE each, so nothing overshoots.

Every step joins the caller's transaction and locks the counters until its end, the day's before the month's:
take them as the last locks. A step that the month refuses leaves the day as it was.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import models, transaction
from django.db.models import F
from django.db.models.functions import Greatest

from controlplane.accounts.models import CustomUser
from controlplane.errors import Conflict, LimitReached
from controlplane.usage.days import first_of_month
from controlplane.usage.limits import ONE_MESSAGE, Amount, Limits, UserLimits, limit_reached, limits_for
from controlplane.usage.models import DailyCounter, MonthlyCounter, UsageCounter
from controlplane.usage.open_counters import counters_open


def consume_message(user: CustomUser, *, is_house_paid: bool = True) -> DailyCounter:
    """Count one message. Raises LimitReached, also when no tokens or money are left to answer it.

    What is not paid by the house needs no money of its limit.
    """
    limits = limits_for(user)
    if not is_house_paid:
        limits = limits.but_cost()
    return _take(user, limits, ONE_MESSAGE, messages=F("messages") + 1)


def refund_message(*, user_id: UUID, day: date) -> None:
    """Take back one message that was counted and never sent."""
    back = {"messages": F("messages") - 1}
    DailyCounter.objects.filter(user_id=user_id, day=day, messages__gt=0).update(**back)
    months = MonthlyCounter.objects.filter(user_id=user_id, month=first_of_month(day), messages__gt=0)
    months.update(**back)


def reserve(
    user: CustomUser, amount: Amount, *, is_house_paid: bool = True, is_priced: bool = True
) -> DailyCounter:
    """Set tokens and money aside, in the day that is returned and in its month.

    Raises LimitReached when they do not fit any more, and Conflict `model_unpriced` for what the house pays
    without knowing its price, where money is limited.
    """
    limits = limits_for(user)
    if not is_house_paid:
        limits = limits.but_cost()
    if limits.limits_cost and not is_priced:
        raise Conflict(
            "No price is known for this model, and what you may spend is limited.", code="model_unpriced"
        )
    return _take(
        user,
        limits,
        amount,
        reserved_tokens=F("reserved_tokens") + amount.tokens,
        reserved_cost=F("reserved_cost") + amount.cost,
    )


def settle(counter_id: int, *, reserved: Amount, used: Amount) -> None:
    """Swap a reservation for what was really used, on the day, and in its month, on which it was reserved."""
    days = DailyCounter.objects.filter(pk=counter_id)
    days.update(
        reserved_tokens=F("reserved_tokens") - reserved.tokens,
        reserved_cost=F("reserved_cost") - reserved.cost,
        **_added(used),
    )
    _months_of(days).update(
        # What an older release permits while the system is brought up to date is set aside in no month.
        reserved_tokens=Greatest(F("reserved_tokens") - reserved.tokens, 0),
        reserved_cost=Greatest(F("reserved_cost") - reserved.cost, Decimal(0)),
        **_added(used),
    )


def settle_together(used: Mapping[int, Amount]) -> None:
    """Add to several days, by their counters' ids, and to their months; nothing of it was set aside."""
    days = {key: DailyCounter.objects.filter(pk=key) for key in sorted(used)}
    for key, one in days.items():
        one.update(**_added(used[key]))
    # All days before the first month, which is the order of these locks.
    months = [(_months_of(one), used[key]) for key, one in days.items()]
    for month, amount in sorted(months, key=lambda pair: pair[0].values_list("pk", flat=True).first() or 0):
        month.update(**_added(amount))


def release(counter_id: int, *, reserved: Amount) -> None:
    """Give a reservation back of which nothing was used."""
    settle(counter_id, reserved=reserved, used=Amount())


def _added(used: Amount) -> dict[str, Any]:
    return {"tokens": F("tokens") + used.tokens, "cost": F("cost") + used.cost}


def _months_of(days: "models.QuerySet[DailyCounter]") -> "models.QuerySet[MonthlyCounter]":
    """Find the month's counter of one day's."""
    found = days.values_list("user_id", "day").first()
    if found is None:
        return MonthlyCounter.objects.none()
    user_id, day = found
    return MonthlyCounter.objects.filter(user_id=user_id, month=first_of_month(day))


def _take(user: CustomUser, limits: UserLimits, wanted: Amount, **changes: Any) -> DailyCounter:
    with transaction.atomic():
        counters = counters_open(user.pk, zone=limits.zone)
        _take_from(counters.day, limits.day, wanted, changes)
        _take_from(counters.month, limits.month, wanted, changes)
    return counters.day


def _take_from(counter: UsageCounter, limits: Limits, wanted: Amount, changes: dict[str, Any]) -> None:
    rows: models.QuerySet[Any] = type(counter)._default_manager.filter(pk=counter.pk)
    if not rows.filter(limits.room_for(wanted)).update(**changes):
        raise _refusal(rows.get(), limits, wanted)


def _refusal(counter: Any, limits: Limits, wanted: Amount) -> LimitReached:
    gauges = counter.gauges(limits, wanted=wanted)
    # Room may have come back since; the refusal stands, and the figures are those of now.
    full = next((gauge for gauge in gauges if not gauge.has_room), None)
    limited = next(gauge for gauge in gauges if gauge.limit is not None)
    return limit_reached(full or limited, counter.resets_at)
