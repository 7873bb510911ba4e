"""The first page: what happened in the last 30 days, as far as the reader's role may see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import structlog
from django.core.cache import cache
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from redis.exceptions import RedisError

from controlplane.backoffice.figures import Amount, Figure, Span, Unit, all_figures

DAYS = 30
KEPT_SECONDS = 60
# In the drawing's own units; the browser stretches it.
CHART_WIDTH, CHART_HEIGHT, GAP = 300, 72, 2

_OPPOSITES = {"better": "worse", "worse": "better", "plain": "plain"}

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What one figure came to: each day's amount in turn, the whole span's and that of the span before."""

    amounts: Sequence[Amount]
    total: Amount
    before: Amount


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the figures that the caller may see to the first page; Unfold calls it."""
    span = Span.ending(timezone.localdate(), days=DAYS)
    allowed = [figure for figure in all_figures() if request.user.has_perm(figure.permission)]
    return {
        **context,
        "title": _("Overview"),
        "days": DAYS,
        "figures": [_card(figure, _measured(figure, span), span) for figure in allowed],
    }


def _measured(figure: Figure, span: Span) -> Measured:
    """Look into the cache first; without one the page is slower, and there all the same."""
    key = f"first-page:{figure.slug}:{span.last}"
    try:
        kept: Measured | None = cache.get(key)
        if kept is None:
            kept = _measure(figure, span)
            cache.set(key, kept, KEPT_SECONDS)
    except RedisError as error:
        logger.warning("first_page_not_cached", error=repr(error))
        return _measure(figure, span)
    return kept


def _measure(figure: Figure, span: Span) -> Measured:
    by_day = figure.by_day(span)
    return Measured(
        amounts=[by_day.get(day, 0) for day in span.days],
        total=figure.total(span),
        before=figure.total(span.before),
    )


def _card(figure: Figure, measured: Measured, span: Span) -> dict[str, Any]:
    highest = max(measured.amounts)
    return {
        "slug": figure.slug,
        "title": figure.title,
        "link": reverse(figure.page),
        "total": write_amount(measured.total, figure.unit),
        "trend": _trend(figure, measured),
        "bars": _bars(measured.amounts, span, figure.unit),
        "is_bad_news": figure.more_is == "worse" and figure.unit is Unit.COUNT,
        "highest": write_amount(highest, figure.unit) if highest else "",
        "first": date_format(span.first, "j M"),
        "last": date_format(span.last, "j M"),
    }


def _trend(figure: Figure, measured: Measured) -> dict[str, Any]:
    before, change = measured.before, measured.total - measured.before
    if not before:
        text = _("no data before") if measured.total else _("nothing yet")
        return {"text": text, "tone": "plain"}
    percent = round(Decimal(change) / Decimal(before) * 100)
    if not percent:
        return {"text": _("as before"), "tone": "plain"}
    tone = figure.more_is if percent > 0 else _OPPOSITES[figure.more_is]
    return {"text": f"{'▲' if percent > 0 else '▼'} {abs(percent):,} %", "tone": tone}


def _bars(amounts: Sequence[Amount], span: Span, unit: Unit) -> list[dict[str, Any]]:
    highest, step = max(amounts), (CHART_WIDTH + GAP) / len(amounts)
    return [
        {
            "x": round(number * step, 2),
            "width": round(step - GAP, 2),
            "height": (height := _height(amount, highest)),
            "y": round(CHART_HEIGHT - height, 2),
            "is_empty": not amount,
            "says": f"{_written(day)}: {write_amount(amount, unit)}",
        }
        for number, (day, amount) in enumerate(zip(span.days, amounts, strict=True))
    ]


def _height(amount: Amount, highest: Amount) -> float:
    if not amount:
        return 1.0
    # A day on which something happened is seen, however small beside the highest.
    return round(max(3.0, float(amount) / float(highest) * CHART_HEIGHT), 2)


def _written(day: date) -> str:
    return date_format(day, "D j M")


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
