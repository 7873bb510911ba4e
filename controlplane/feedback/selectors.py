"""How feedback is found: by who gave it first, always."""

import uuid

from controlplane.chat.selectors import session_get
from controlplane.feedback.models import MessageFeedback, MessageFeedbackQuerySet, Satisfaction


def feedback_list(*, session_id: uuid.UUID, user_id: uuid.UUID, rating: str = "") -> MessageFeedbackQuerySet:
    """Find what a user said of the answers in their session. Raises NotFound for the session."""
    session = session_get(session_id=session_id, owner_id=user_id)
    rows = MessageFeedback.objects.owned_by(user_id).filter(chat_session=session)
    return rows.filter(rating=rating) if rating else rows


def session_satisfaction(*, session_id: uuid.UUID, user_id: uuid.UUID) -> Satisfaction:
    """Say how content a user is with their session. Raises NotFound for the session."""
    session = session_get(session_id=session_id, owner_id=user_id)
    return MessageFeedback.get_session_satisfaction(session)
