"""Works the figures of sessions and counters out again from ledger and runs, and mends those that differ."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Model, Q, QuerySet, Sum

from controlplane.chat.models import ChatSession
from controlplane.maintenance.archived_months import archived_sums, unarchived
from controlplane.maintenance.batches import key_batches, lock
from controlplane.runs.models import Run
from controlplane.usage.limits import Term
from controlplane.usage.models import ArchivedSum, DailyCounter, MonthlyCounter, TokenUsage, UsageGrant

Figures = dict[Any, dict[str, Any]]
GrantedFigures = Mapping[tuple[UUID, date], dict[str, Any]]
NOTHING_USED: dict[str, Any] = {
    "tokens": 0,
    "cost": Decimal(0),
    "reserved_tokens": 0,
    "reserved_cost": Decimal(0),
}
NOTHING_ARCHIVED = (0, Decimal(0))
NOTHING_GRANTED: dict[str, Any] = {"granted_messages": 0, "granted_tokens": 0, "granted_cost": Decimal(0)}
# A session counts a message once its run was seen; the day's limit counts it from its admission on.
NOT_SEEN = (Run.Status.PROVISIONAL, Run.Status.WITHDRAWN)


@dataclass(frozen=True, kw_only=True)
class Drift:
    """A row whose figures were not what they should be: by field, what was there and what belongs there."""

    of: str
    figures: dict[str, tuple[Any, Any]]


@dataclass(kw_only=True)
class Rebuilding:
    """How many rows were looked at, and which of them differed."""

    looked_at: int = 0
    drifts: list[Drift] = field(default_factory=list)


def session_totals_rebuild(*, user_id: UUID | None = None, dry_run: bool = False) -> Rebuilding:
    """Set each session's messages, tokens and cost to what its runs and settled calls add up to.

    In batches of one transaction each, under the lock of the sessions: whoever books something meanwhile has
    either committed, and is counted, or waits, and adds to the figures afterwards.
    """
    sessions = ChatSession.objects.all() if user_id is None else ChatSession.objects.owned_by(user_id)
    done = Rebuilding()
    for keys in key_batches(sessions):
        with transaction.atomic():
            mend(lock(sessions, keys), _figures_of_sessions(keys), done, dry_run=dry_run)
    return done


def counters_rebuild(*, user_id: UUID | None = None, dry_run: bool = False) -> Rebuilding:
    """Set each daily counter to what its day's messages, calls, reservations and grants add up to.

    Safe while the system runs, for the same reason.
    """
    counters: QuerySet[DailyCounter] = DailyCounter.objects.all()
    if user_id is not None:
        counters = counters.filter(user_id=user_id)
    done = Rebuilding()
    for keys in key_batches(counters):
        with transaction.atomic():
            rows: list[DailyCounter] = lock(counters, keys)
            mend(rows, _figures_of_counters(rows), done, dry_run=dry_run)
    return done


def _figures_of_sessions(keys: Iterable[UUID]) -> Figures:
    figures: Figures = {
        key: {"message_count": 0, "total_tokens_used": 0, "total_cost": Decimal(0)} for key in keys
    }
    seen = Run.objects.filter(session_id__in=keys, message_counted_on__isnull=False)
    counted = seen.exclude(status__in=NOT_SEEN).order_by().values_list("session_id")
    for session_id, number in counted.annotate(Count("pk")):
        figures[session_id]["message_count"] = number
    calls = unarchived(TokenUsage.objects.settled()).filter(chat_session_id__in=keys).order_by()
    sums = calls.values_list("chat_session_id").annotate(
        Sum("total_tokens"), Sum("total_cost", default=Decimal(0))
    )
    for session_id, tokens, cost in sums:
        figures[session_id] |= {"total_tokens_used": tokens, "total_cost": cost}
    archived = archived_sums(ArchivedSum.Kind.SESSION, list(figures))
    for session_id, total in figures.items():
        tokens, cost = archived.get(str(session_id), NOTHING_ARCHIVED)
        total["total_tokens_used"] += tokens
        total["total_cost"] += cost
    return figures


def _figures_of_counters(rows: list[DailyCounter]) -> Figures:
    days: dict[tuple[Any, ...], int] = {(row.user_id, row.day): row.pk for row in rows}
    granted = granted_figures({row.user_id for row in rows}, Term.DAY, {row.day for row in rows})
    figures: Figures = {
        key: {"messages": 0, **NOTHING_USED, **granted.get(day, NOTHING_GRANTED)} for day, key in days.items()
    }
    counted = Run.objects.filter(
        user_id__in={row.user_id for row in rows}, message_counted_on__in={row.day for row in rows}
    ).order_by()
    for user_id, day, number in counted.values_list("user_id", "message_counted_on").annotate(Count("pk")):
        if (user_id, day) in days:
            figures[days[user_id, day]]["messages"] = number
    calls = unarchived(TokenUsage.objects.all()).filter(counter_id__in=list(figures)).order_by()
    is_settled = Q(state=TokenUsage.State.SETTLED)
    # What ran on users' own keys counts by its tokens alone.
    is_house_paid = Q(key_counter__isnull=True)
    for key, *sums in calls.values_list("counter_id").annotate(
        tokens=Sum("total_tokens", filter=is_settled, default=0),
        cost=Sum("total_cost", filter=is_settled & is_house_paid, default=Decimal(0)),
        set_aside=Sum("reserved_tokens", default=0),
        cost_set_aside=Sum("reserved_cost", default=Decimal(0)),
    ):
        figures[key] |= dict(zip(NOTHING_USED, sums, strict=True))
    archived = archived_sums(ArchivedSum.Kind.COUNTER, list(figures))
    for key, total in figures.items():
        tokens, cost = archived.get(str(key), NOTHING_ARCHIVED)
        total["tokens"] += tokens
        total["cost"] += cost
    return figures


def granted_figures(user_ids: Collection[UUID], term: Term, starts: Collection[date]) -> GrantedFigures:
    """Add up what was granted to users in terms that begin on some days, by user and day."""
    grants = UsageGrant.objects.filter(user_id__in=user_ids, term=term, starts_on__in=starts).order_by()
    sums = grants.values_list("user_id", "starts_on").annotate(Sum("messages"), Sum("tokens"), Sum("cost"))
    return {
        (user_id, day): dict(zip(NOTHING_GRANTED, granted, strict=True)) for user_id, day, *granted in sums
    }


def mend(rows: list[Any], figures: Figures, done: Rebuilding, *, dry_run: bool) -> None:
    """Write the figures to the rows that differ from them, and note what was there."""
    done.looked_at += len(rows)
    for row in rows:
        was = {name: getattr(row, name) for name in figures[row.pk]}
        differing = {name: value for name, value in figures[row.pk].items() if was[name] != value}
        if not differing:
            continue
        done.drifts.append(
            Drift(of=_name(row), figures={name: (was[name], value) for name, value in differing.items()})
        )
        if not dry_run:
            # Past save(), which would make the session look as if it had just been used.
            type(row).objects.filter(pk=row.pk).update(**differing)


def _name(row: Model) -> str:
    words = {ChatSession: f"session {row.pk}", DailyCounter: f"day {row}", MonthlyCounter: f"month {row}"}
    return words.get(type(row), f"key {row}")
