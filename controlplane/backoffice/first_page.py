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

from controlplane.backoffice.charts import draw_bars, write_amount
from controlplane.backoffice.figures import Amount, Figure, Span, Unit, all_figures

DAYS = 30
KEPT_SECONDS = 60

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
        "bars": draw_bars(measured.amounts, [_written(day) for day in span.days], figure.unit),
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


def _written(day: date) -> str:
    return date_format(day, "D j M")
