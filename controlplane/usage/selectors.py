"""What users ask of the ledger: sums over a period, and where they stand with their limits."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from controlplane.accounts.models import CustomUser
from controlplane.usage.limits import UsageDay, current_day, limits_for
from controlplane.usage.models import DailyCounter
from controlplane.usage.periods import Period
from controlplane.usage.reading import Calls, Row, total_of

# The groups of a sum: as many as the days of the longest period, which are never cut off.
MOST_GROUPS: Final = 366
GROUPS: Final = {
    "day": "day",
    "model": "model_name",
    "session": "chat_session_id",
    "request_type": "request_type",
}


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Sums by group and over all; `is_truncated` when there were more groups than are given."""

    groups: list[dict[str, Any]]
    total: dict[str, Any]
    is_truncated: bool


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where a user stands with one limit; None is no limit, and then nothing can remain of it."""

    limit: int | Decimal | None
    used: int | Decimal
    reserved: int | Decimal

    @property
    def remaining(self) -> int | Decimal | None:
        """What is left beside what is used and set aside; never below 0."""
        if self.limit is None:
            return None
        return max(self.limit - self.used - self.reserved, type(self.limit)(0))


@dataclass(frozen=True, kw_only=True)
class Standings:
    """All limits of one day."""

    day: UsageDay
    messages: Standing
    tokens: Standing
    cost: Standing


def usage_summary(*, owner_id: UUID, period: Period, group_by: str) -> Summary:
    """Add up a user's settled calls of a period: days in order, all other groups with the dearest first."""
    calls, key = Calls(period=period, owner_id=owner_id), GROUPS[group_by]
    if group_by == "session":
        groups, total = calls.by_session(most=MOST_GROUPS), calls.total()
    else:
        groups = _in_order(calls.by(key), key)
        total = total_of(groups)
    shown = [{**row, "key": row[key]} for row in groups[:MOST_GROUPS]]
    is_whole = sum(row["calls"] for row in shown) == total["calls"]
    return Summary(groups=shown, total=total, is_truncated=not is_whole)


def limits_standing(user: CustomUser) -> Standings:
    """Say how far a user's limits of today are used; one row is read, however long the history is."""
    today, limits = current_day(), limits_for(user)
    counter = DailyCounter.objects.filter(user=user, day=today.day).first()
    counter = counter or DailyCounter(user=user, day=today.day, resets_at=today.resets_at)
    return Standings(
        day=UsageDay(day=counter.day, resets_at=counter.resets_at),
        messages=Standing(limit=limits.messages, used=counter.messages, reserved=0),
        tokens=Standing(limit=limits.tokens, used=counter.tokens, reserved=counter.reserved_tokens),
        cost=Standing(limit=limits.cost, used=counter.cost, reserved=counter.reserved_cost),
    )


def _in_order(groups: list[Row], key: str) -> list[Row]:
    if key == "day":
        return sorted(groups, key=lambda row: row["day"])
    return sorted(groups, key=lambda row: (row["cost"] is None, -(row["cost"] or 0), row[key]))
