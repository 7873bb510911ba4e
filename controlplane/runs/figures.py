"""What the back office's first page tells of runs: who used the system, how often, and what failed."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta

from django.db.models import Count
from django.db.models.functions import TruncDate
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from controlplane.backoffice.figures import Amount, Figure, Span, register_figure
from controlplane.runs.models import Run, RunQuerySet

PAGE, PERMISSION = "admin:runs_run_changelist", "runs.view_run"
FAILED = (Run.Status.ERROR, Run.Status.TIMEOUT)


def active_users_by_day(span: Span) -> Mapping[date, Amount]:
    """Count those whose runs were admitted on each day."""
    return _by_day(_within(span), Count("user_id", distinct=True))


def active_users(span: Span) -> Amount:
    """Count each of them once, however many days they came."""
    return int(_within(span).aggregate(users=Count("user_id", distinct=True))["users"])


def runs_by_day(span: Span) -> Mapping[date, Amount]:
    """Count admitted runs."""
    return _by_day(_within(span), Count("pk"))


def runs(span: Span) -> Amount:
    """Count admitted runs."""
    return _within(span).count()


def failures_by_day(span: Span) -> Mapping[date, Amount]:
    """Count runs that ended with an error or too late, by the day of their admission."""
    return _by_day(_within(span).filter(status__in=FAILED), Count("pk"))


def failures(span: Span) -> Amount:
    """Count runs that ended with an error or too late."""
    return _within(span).filter(status__in=FAILED).count()


def register() -> None:
    """Put them on the first page."""
    register_figure(
        Figure(
            slug="active-users",
            title=_("Active users"),
            by_day=active_users_by_day,
            total=active_users,
            more_is="better",
            order=10,
            permission=PERMISSION,
            page=PAGE,
        )
    )
    register_figure(
        Figure(
            slug="runs",
            title=_("Runs"),
            by_day=runs_by_day,
            total=runs,
            more_is="better",
            order=20,
            permission=PERMISSION,
            page=PAGE,
        )
    )
    register_figure(
        Figure(
            slug="failed-runs",
            title=_("Failed runs"),
            by_day=failures_by_day,
            total=failures,
            more_is="worse",
            order=30,
            permission=PERMISSION,
            page=PAGE,
        )
    )


def _within(span: Span) -> RunQuerySet:
    return Run.objects.filter(
        admitted_at__gte=_midnight(span.first), admitted_at__lt=_midnight(span.last + timedelta(days=1))
    ).exclude(status=Run.Status.WITHDRAWN)


def _by_day(rows: RunQuerySet, figure: Count) -> Mapping[date, Amount]:
    days = rows.annotate(day=TruncDate("admitted_at")).values("day").annotate(amount=figure).order_by()
    return dict(days.values_list("day", "amount"))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, timezone.get_default_timezone())
