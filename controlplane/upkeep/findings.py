"""Keeps the list of differences: noted while they are seen, closed when they are put right or gone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Model, Q
from django.db.models.functions import Now

from controlplane.audit.models import Action
from controlplane.audit.record import entry_add
from controlplane.upkeep.models import DriftFinding

KEPT_FOR: Final = timedelta(days=90)
FINDINGS_PER_STEP: Final = 1000
Kind = DriftFinding.Kind
Resolution = DriftFinding.Resolution


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One difference as it was seen; ids and states alone."""

    kind: Kind
    thread_id: UUID
    details: Mapping[str, str]


def finding_note(difference: Difference) -> None:
    """Note that a difference is there, once however often it is seen."""
    known = DriftFinding.objects.open().filter(kind=difference.kind, thread_id=difference.thread_id)
    if known.update(last_seen_at=Now(), details=dict(difference.details)):
        return
    finding = DriftFinding(
        kind=difference.kind, thread_id=difference.thread_id, details=dict(difference.details)
    )
    DriftFinding.objects.bulk_create([finding], ignore_conflicts=True)


def finding_settle(
    difference: Difference, resolution: Resolution, *, subject: Model, concerns_id: UUID | None
) -> None:
    """Note a difference that was put right just now, on record as well. Owns its transaction."""
    with transaction.atomic():
        finding_note(difference)
        known = DriftFinding.objects.open().filter(kind=difference.kind, thread_id=difference.thread_id)
        known.update(resolved_at=Now(), resolution=resolution)
        entry_add(
            Action.REPAIR,
            subject=subject,
            actor_id=None,
            concerns_id=concerns_id,
            changes={"drift": [difference.kind, resolution]},
        )


def findings_close(*, unseen_since: datetime) -> int:
    """Close what a whole walk has not met again, and forget old ones; returns how many it closed."""
    unseen = DriftFinding.objects.open().filter(last_seen_at__lt=unseen_since)
    closed = unseen.update(resolved_at=Now(), resolution=Resolution.GONE)
    old = DriftFinding.objects.filter(resolved_at__lt=Now() - KEPT_FOR).values_list("pk", flat=True)
    DriftFinding.objects.filter(pk__in=list(old[:FINDINGS_PER_STEP])).delete()
    return closed


def findings_forget(*, thread_id: UUID | None = None, user_id: UUID | None = None) -> int:
    """Delete what was noted of a deleted thread, or names a deleted user, closed or not; returns how many.

    A difference that is there still is found anew.
    """
    about = Q()
    if thread_id is not None:
        about |= Q(thread_id=thread_id)
    if user_id is not None:
        named = str(user_id)
        about |= Q(details__session=named) | Q(details__thread=named) | Q(details__owner=named)
    return DriftFinding.objects.filter(about).delete()[0] if about else 0


def open_drift() -> int:
    """Count the differences that are there now; for the first page and for metrics."""
    return DriftFinding.objects.open().count()
