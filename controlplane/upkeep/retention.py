"""Archives what nobody uses and deletes it later, as the settings say, in small steps."""

import time
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models.functions import Now

from controlplane.audit.models import Action
from controlplane.audit.record import entry_add
from controlplane.chat.models import ChatSession
from controlplane.chat.retention import Retention
from controlplane.chat.services import session_delete

logger = structlog.get_logger(__name__)

SESSIONS_PER_STEP: Final = 100
SECONDS_PER_ROUND: Final = 60.0


@dataclass(frozen=True, kw_only=True)
class Retired:
    """What one round did."""

    archived: int
    deleted: int
    has_more: bool


def sessions_retire(*, rule: Retention, seconds: float = SECONDS_PER_ROUND) -> Retired:
    """Archive and delete what is due, as far as the time allows; each step is a transaction of its own.

    May be stopped at any point and repeated: what is done is not due any more.
    """
    deadline = time.monotonic() + seconds
    archived = deleted = 0
    is_late = False
    while not is_late and (step := _archive_some(rule)):
        archived += step
        is_late = time.monotonic() > deadline
    while not is_late and (step := _delete_some(rule)):
        deleted += step
        is_late = time.monotonic() > deadline
    if archived or deleted:
        logger.info("sessions_retired", archived=archived, deleted=deleted)
    return Retired(archived=archived, deleted=deleted, has_more=is_late)


def _archive_some(rule: Retention) -> int:
    with transaction.atomic():
        due = rule.to_archive().select_for_update(no_key=True, skip_locked=True).order_by("updated_at")
        locked = [session.pk for session in due[:SESSIONS_PER_STEP]]
        # Looked at again under the locks: a run that was admitted meanwhile has changed no row of theirs.
        sessions = list(rule.to_archive().filter(pk__in=locked))
        # Past save(), which would make it look as if the session had just been used.
        chosen = ChatSession.objects.filter(pk__in=[session.pk for session in sessions])
        chosen.update(is_archived=True, retired_at=Now())
        for session in sessions:
            _note(Action.SESSION_ARCHIVE, session, is_archived=[False, True])
    return len(sessions)


def _delete_some(rule: Retention) -> int:
    due = rule.to_delete().order_by("retired_at").values_list("pk", flat=True)
    return sum(_delete_one(rule, session_id) for session_id in list(due[:SESSIONS_PER_STEP]))


def _delete_one(rule: Retention, session_id: UUID) -> bool:
    with transaction.atomic():
        # Its user may have restored or pinned it since it was listed.
        # As strong a lock as the deletion takes: one that is made stronger later may meet another's half way.
        session = rule.to_delete().select_for_update().filter(pk=session_id).first()
        if session is None:
            return False
        session_delete(session_id=session.pk, owner_id=session.user_id)
    return True


def _note(action: Action, session: ChatSession, **changes: list[object]) -> None:
    entry_add(action, subject=session, actor_id=None, concerns_id=session.user_id, changes=changes)
