"""What the first page tells of usage: read from the daily counters, never from the ledger's many rows."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from django.db.models import QuerySet, Sum
from django.utils.translation import gettext_lazy as _

from controlplane.backoffice.figures import Amount, Figure, Span, Unit, register_figure
from controlplane.usage.models import DailyCounter


def tokens_by_day(span: Span) -> Mapping[date, Amount]:
    """Add up settled tokens by their users' days."""
    return _by_day(span, "tokens")


def tokens(span: Span) -> Amount:
    """Add up settled tokens."""
    return int(_within(span).aggregate(amount=Sum("tokens"))["amount"] or 0)


def cost_by_day(span: Span) -> Mapping[date, Amount]:
    """Add up settled cost, in US dollars, by its users' days."""
    return _by_day(span, "cost")


def cost(span: Span) -> Amount:
    """Add up settled cost, in US dollars."""
    return _within(span).aggregate(amount=Sum("cost"))["amount"] or Decimal(0)


def register() -> None:
    """Put them on the first page."""
    register_figure(
        Figure(
            slug="tokens",
            title=_("Tokens"),
            permission="usage.view_tokenusage",
            by_day=tokens_by_day,
            total=tokens,
            page="admin:usage_tokenusage_changelist",
            order=40,
        )
    )
    register_figure(
        Figure(
            slug="cost",
            title=_("Cost"),
            permission="usage.view_tokenusage",
            by_day=cost_by_day,
            total=cost,
            page="admin:usage_tokenusage_changelist",
            unit=Unit.DOLLARS,
            more_is="worse",
            order=50,
        )
    )


def _within(span: Span) -> QuerySet[DailyCounter]:
    return DailyCounter.objects.filter(day__range=(span.first, span.last))


def _by_day(span: Span, field: str) -> Mapping[date, Amount]:
    days = _within(span).values("day").annotate(amount=Sum(field)).order_by()
    return dict(days.values_list("day", "amount"))
