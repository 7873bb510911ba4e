"""Usage: the ledger of model calls, the counters of limits, and the house's own prices."""

from controlplane.usage.model_prices import ModelPrice
from controlplane.usage.models.archives import ArchivedMonth, ArchivedSum
from controlplane.usage.models.counters import DailyCounter, MonthlyCounter, UsageCounter
from controlplane.usage.models.grants import UsageGrant
from controlplane.usage.models.sums import DailySum
from controlplane.usage.models.token_usage import TokenUsage, TokenUsageQuerySet

__all__ = [
    "ArchivedMonth",
    "ArchivedSum",
    "DailyCounter",
    "DailySum",
    "ModelPrice",
    "MonthlyCounter",
    "TokenUsage",
    "TokenUsageQuerySet",
    "UsageCounter",
    "UsageGrant",
]
