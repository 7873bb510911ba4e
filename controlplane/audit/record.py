"""Writes entries, within the transaction of what they tell: both or neither."""

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

import structlog
from django.db.models import Model

from controlplane.audit.models import Action, AuditEntry


def entry_add(
    action: Action,
    *,
    subject: Model,
    actor_id: uuid.UUID | None,
    concerns_id: uuid.UUID | None = None,
    changes: Mapping[str, Any] | None = None,
) -> None:
    """Record what an actor did to a row, None being the system; joins the caller's transaction.

    `changes` gives by field what was before and what is after, as JSON values; of secrets and content at most
    that they changed.
    """
    _entry(action, subject, actor_id, concerns_id, changes).save(force_insert=True)


def entries_add(
    action: Action,
    *,
    subjects: Iterable[tuple[Model, uuid.UUID | None]],
    actor_id: uuid.UUID | None,
    changes: Mapping[str, Any],
) -> None:
    """Record that the same was done to several rows, each given with the user whom it concerns."""
    AuditEntry.objects.bulk_create(
        [_entry(action, subject, actor_id, concerns_id, changes) for subject, concerns_id in subjects],
        batch_size=500,
    )


def _entry(
    action: Action,
    subject: Model,
    actor_id: uuid.UUID | None,
    concerns_id: uuid.UUID | None,
    changes: Mapping[str, Any] | None,
) -> AuditEntry:
    return AuditEntry(
        action=action,
        actor_id=actor_id,
        subject_type=subject._meta.label_lower,
        subject_id=str(subject.pk),
        concerns_id=concerns_id,
        changes=dict(changes or {}),
        request_id=str(structlog.contextvars.get_contextvars().get("request_id", ""))[:64],
    )
