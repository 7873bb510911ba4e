"""What users ask of the ledger: sums over a period."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

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


def _in_order(groups: list[Row], key: str) -> list[Row]:
    if key == "day":
        return sorted(groups, key=lambda row: row["day"])
    return sorted(groups, key=lambda row: (row["cost"] is None, -(row["cost"] or 0), row[key]))
