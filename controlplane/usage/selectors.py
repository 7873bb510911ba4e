"""What users ask of the ledger: sums over a period."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce, TruncDate

from controlplane.usage.models import TokenUsage
from controlplane.usage.periods import Period

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
    settled = TokenUsage.objects.owned_by(owner_id).settled().within(period.start, period.end)
    key = GROUPS[group_by]
    rows: QuerySet[TokenUsage] = settled
    if group_by == "day":
        rows = settled.annotate(day=TruncDate("created_at", tzinfo=period.zone))
    keys = (key, "chat_session__title") if group_by == "session" else (key,)
    order: list[Any] = ["day"] if group_by == "day" else [F("cost").desc(nulls_last=True), key]
    sums = rows.order_by().values(*keys).annotate(**_sums()).order_by(*order)[: MOST_GROUPS + 1]
    groups = [{**row, "key": row[key]} for row in sums]
    return Summary(
        groups=groups[:MOST_GROUPS],
        total=settled.aggregate(**_sums()),
        is_truncated=len(groups) > MOST_GROUPS,
    )


def _sums() -> dict[str, Any]:
    return {
        "calls": Count("pk"),
        "failed_calls": Count("pk", filter=Q(outcome=TokenUsage.Outcome.FAILED)),
        "unpriced_calls": Count("pk", filter=Q(is_priced=False)),
        "tokens_in": Coalesce(Sum("prompt_tokens"), 0),
        "tokens_out": Coalesce(Sum("completion_tokens"), 0),
        "cost": Sum("total_cost"),
    }
