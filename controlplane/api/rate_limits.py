"""Tells limits in the header fields of the IETF's draft "RateLimit header fields for HTTP"."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.utils import timezone

# Structured fields know no larger integers (RFC 9651).
LARGEST: Final = 999_999_999_999_999
# Quotas are whole numbers: money is told in millionths of a US dollar.
PARTS_OF_A_DOLLAR: Final = 1_000_000
MEANINGS: Final = {
    "RateLimit": 'What is left of each limit, and seconds until it is whole: `"daily_tokens";r=910;t=3600`.',
    "RateLimit-Policy": 'How much each limit allows, in which unit: `"daily_tokens";q=1000;qu="tokens"`.',
}


@dataclass(frozen=True, kw_only=True)
class RateLimit:
    """One limit by its stable name, as `daily_tokens`; what is left of it, and when it is whole again."""

    which: str
    limit: int | Decimal
    remaining: int | Decimal
    resets_at: datetime


def rate_limit_headers(limits: Sequence[RateLimit]) -> dict[str, str]:
    """Write both header fields; none without limits. Windows are days and months of a calendar: no `w`."""
    if not limits:
        return {}
    now = timezone.now()
    policies = [f'"{one.which}";q={_whole(one.limit)};qu="{_unit(one.which)}"' for one in limits]
    states = [f'"{one.which}";r={_whole(one.remaining)};t={_seconds(one.resets_at - now)}' for one in limits]
    return {"RateLimit": ", ".join(states), "RateLimit-Policy": ", ".join(policies)}


def rate_limit_of(details: Mapping[str, Any]) -> RateLimit | None:
    """Read the limit that refused from the `details` of an error; None when they tell of none."""
    try:
        which, resets_at = str(details["which"]), datetime.fromisoformat(details["resets_at"])
        limit, remaining = (_figure(details[name]) for name in ("limit", "remaining"))
    except (KeyError, TypeError, ValueError, ArithmeticError):
        return None
    # Details come from another server too: only plain names may become part of a header.
    if resets_at.tzinfo is None or not which.isascii() or not which.replace("_", "").isalnum():
        return None
    return RateLimit(which=which, limit=limit, remaining=remaining, resets_at=resets_at)


def _figure(given: Any) -> int | Decimal:
    figure = given if isinstance(given, int) else Decimal(given)
    if isinstance(figure, Decimal) and not figure.is_finite():
        raise ValueError("no figure")
    return figure


def _unit(which: str) -> str:
    kind = which.rpartition("_")[2]
    return {"messages": "messages", "tokens": "tokens", "cost": "micro-usd"}.get(kind, "requests")


def _seconds(left: timedelta) -> int:
    """Round up: nobody is told to come back too early."""
    return _whole(math.ceil(left.total_seconds()))


def _whole(figure: float | Decimal) -> int:
    """Round down: what is told to be left is left."""
    parts = figure * PARTS_OF_A_DOLLAR if isinstance(figure, Decimal) else figure
    return min(max(int(parts), 0), LARGEST)
