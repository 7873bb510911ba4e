"""Bars of amounts and their words, drawn alike wherever the back office shows what happened by day."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from controlplane.backoffice.figures import Amount, Unit

# In the drawing's own units; the browser stretches it.
CHART_WIDTH: Final = 300
CHART_HEIGHT: Final = 72
GAP: Final = 2
# Of many bars, each keeps at least so much of its room.
SHARE_OF_GAP: Final = 0.25


def draw_bars(amounts: Sequence[Amount], names: Sequence[str], unit: Unit) -> list[dict[str, Any]]:
    """Draw one bar for each amount, from left to right; each says its name and amount."""
    step = (CHART_WIDTH + GAP) / len(amounts)
    gap, highest = min(GAP, step * SHARE_OF_GAP), max(amounts)
    return [
        {
            "x": round(number * step, 2),
            "width": round(step - gap, 2),
            "height": (height := _height(amount, highest)),
            "y": round(CHART_HEIGHT - height, 2),
            "is_empty": not amount,
            "says": f"{name}: {write_amount(amount, unit)}",
        }
        for number, (amount, name) in enumerate(zip(amounts, names, strict=True))
    ]


def _height(amount: Amount, highest: Amount) -> float:
    if not amount:
        return 1.0
    # A day on which something happened is seen, however small beside the highest.
    return round(max(3.0, float(amount) / float(highest) * CHART_HEIGHT), 2)


def write_amount(amount: Amount, unit: Unit) -> str:
    """Write an amount as one reads it at a glance: 12,345 and 1.2M, $0.0042 and $1,234."""
    if unit is Unit.DOLLARS:
        return _dollars(Decimal(amount))
    for size, letter in ((10**9, "B"), (10**6, "M")):
        if amount >= size:
            return f"{amount / size:.1f}{letter}"
    return f"{amount:,}"


def _dollars(amount: Decimal) -> str:
    if not amount:
        return "$0"
    if amount < Decimal("0.1"):
        return f"${amount:.4f}"
    return f"${amount:,.0f}" if amount >= 10_000 else f"${amount:,.2f}"  # noqa: PLR2004  # cents no longer matter
