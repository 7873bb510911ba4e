"""What users and operators ask of usage: sums over a period."""

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
    "payer": "is_house_paid",
    "provider_key": "provider_key_id",
}
# What the back office groups by beside that: a user would find but one.
GROUPS_OF_ALL: Final = {**GROUPS, "user": "user_id"}
# What the sums of days do not know: the ledger is read, call by call.
GROUPS_OF_LEDGER: Final = {
    "session": ("chat_session_id", "chat_session__title"),
    "provider_key": ("provider_key_id", "provider_key__key_name"),
}


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Sums by group and over all; `is_truncated` when there were more groups than are given."""

    groups: list[dict[str, Any]]
    total: dict[str, Any]
    is_truncated: bool


def usage_summary(
    *, owner_id: UUID | None, period: Period, group_by: str, most: int | None = None
) -> Summary:
    """Add up a period's settled calls, of one user or of all: days in order, else the dearest group first.

    In at most so many groups, MOST_GROUPS when it is not said.
    """
    calls, key, most = Calls(period=period, owner_id=owner_id), GROUPS_OF_ALL[group_by], most or MOST_GROUPS
    if group_by in GROUPS_OF_LEDGER:
        groups, total = calls.by_label(*GROUPS_OF_LEDGER[group_by], most=most), calls.total()
    else:
        groups = _in_order(calls.by(key), key)
        total = total_of(groups)
    shown = [{**row, "key": row[key]} for row in groups[:most]]
    is_whole = sum(row["calls"] for row in shown) == total["calls"]
    return Summary(groups=shown, total=total, is_truncated=not is_whole)


def _in_order(groups: list[Row], key: str) -> list[Row]:
    if key == "day":
        return sorted(groups, key=lambda row: row["day"])
    return sorted(groups, key=lambda row: (row["cost"] is None, -(row["cost"] or 0), str(row[key])))
