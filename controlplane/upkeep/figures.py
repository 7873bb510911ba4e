"""What the back office's first page tells of both planes: how many differences were open on each day."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta

from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from controlplane.backoffice.figures import Amount, Figure, Span, register_figure
from controlplane.upkeep.models import DriftFinding


def open_by_day(span: Span) -> Mapping[date, Amount]:
    """Count what was open at the end of each day, in one query over what was open within the span."""
    begins = _midnight(span.first)
    within = DriftFinding.objects.filter(Q(resolved_at=None) | Q(resolved_at__gte=begins))
    counts = {f"day{number}": _open_at_end_of(day) for number, day in enumerate(span.days)}
    found = within.aggregate(**counts)
    return {day: found[f"day{number}"] for number, day in enumerate(span.days)}


def open_at_end(span: Span) -> Amount:
    """Count what was open when the span ended, or is now."""
    return int(DriftFinding.objects.aggregate(open=_open_at_end_of(span.last))["open"])


def register() -> None:
    """Put it on the first page."""
    register_figure(
        Figure(
            slug="open-drift",
            title=_("Open drift"),
            by_day=open_by_day,
            total=open_at_end,
            more_is="worse",
            order=90,
            permission="upkeep.view_driftfinding",
            page="admin:upkeep_driftfinding_changelist",
        )
    )


def _open_at_end_of(day: date) -> Count:
    ends = _midnight(day + timedelta(days=1))
    was_open = Q(resolved_at=None) | Q(resolved_at__gte=ends)
    return Count("pk", filter=Q(first_seen_at__lt=ends) & was_open)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, timezone.get_default_timezone())
