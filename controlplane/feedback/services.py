"""What users say of answers, and what the house does with it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from controlplane.chat.models import ChatSession
from controlplane.chat.selectors import session_get, session_missing
from controlplane.errors import NotFound
from controlplane.feedback.message_lookup import RatedMessage
from controlplane.feedback.models import MessageFeedback
from controlplane.runs.models import Run

NOT_REVIEWED: Mapping[str, Any] = {"reviewed": False, "reviewed_by": None, "reviewed_at": None}


def feedback_give(
    *,
    user_id: UUID,
    session_id: UUID,
    message: RatedMessage,
    said: Mapping[str, Any],
    run_id: UUID | None = None,
) -> tuple[MessageFeedback, bool]:
    """Keep what a user says of a message, in place of what they said before; returns whether it is new.

    One transaction. What was said anew waits for review again. The message was looked up before, outside of
    any transaction. Raises NotFound for the session or the run, ValidationError.
    """
    with transaction.atomic():
        # Locked, so that nothing is said of a session whose deletion has begun.
        own = ChatSession.objects.owned_by(user_id).existing()
        session = own.select_for_update(no_key=True).filter(pk=session_id).first()
        if session is None:
            raise session_missing(session_id=session_id, owner_id=user_id)
        if run_id is not None and not Run.objects.filter(pk=run_id, session=session).exists():
            raise NotFound("There is no such run.")
        values = {
            "feedback_categories": [],
            "feedback_text": "",
            "reported_issue": "",
            **said,
            "run_id": run_id,
            "checkpoint_id": message.checkpoint_id,
            "message_index": message.index,
        }
        MessageFeedback(**values, message_id=message.id).clean_fields(exclude={"user", "chat_session", "run"})
        return MessageFeedback.objects.update_or_create(
            user_id=user_id,
            chat_session=session,
            message_id=message.id,
            defaults={**values, **NOT_REVIEWED},
        )


def feedback_withdraw(*, feedback_id: UUID, session_id: UUID, user_id: UUID) -> None:
    """Delete what a user has said. Raises NotFound for anybody else's, Gone in a deleted session."""
    own = MessageFeedback.objects.owned_by(user_id).existing()
    deleted, _ = own.filter(pk=feedback_id, chat_session_id=session_id).delete()
    if not deleted:
        session_get(session_id=session_id, owner_id=user_id)
        raise NotFound("There is no such feedback.")


def feedback_review(*, feedback_id: UUID, reviewer_id: UUID, notes: str | None = None) -> MessageFeedback:
    """Note that somebody of the house has looked at it; notes that are not given stay. Raises NotFound."""
    changes: dict[str, Any] = {"reviewed": True, "reviewed_by": reviewer_id, "reviewed_at": Now()}
    return _mark(feedback_id, changes, notes)


def feedback_reopen(*, feedback_id: UUID, notes: str | None = None) -> MessageFeedback:
    """Put it back among what nobody has looked at; notes that are not given stay. Raises NotFound."""
    return _mark(feedback_id, dict(NOT_REVIEWED), notes)


def _mark(feedback_id: UUID, changes: dict[str, Any], notes: str | None) -> MessageFeedback:
    if notes is not None:
        changes["review_notes"] = notes
    marked = MessageFeedback.objects.filter(pk=feedback_id)
    if not marked.update(**changes):
        raise NotFound("There is no such feedback.")
    return marked.get()
