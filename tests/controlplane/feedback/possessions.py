"""What addresses of feedback are about (see tests/controlplane/api/test_isolation.py)."""

from asgiref.sync import async_to_sync

from controlplane.accounts.models import CustomUser
from controlplane.chat.messaging import OutgoingMessage, message_answer
from controlplane.chat.models import ChatSession
from controlplane.feedback.models import MessageFeedback

PUBLIC: set[str] = set()
SHARED: set[str] = set()
BODIES: dict[tuple[str, str], dict[str, object]] = {
    ("session-feedback", "put"): {"message_index": 1, "rating": "thumbs_down"}
}


def make(user: CustomUser) -> dict[str, object]:
    """An answer in the session that those of chat have made, and what its user thinks of it."""
    session = ChatSession.objects.get(user=user)
    async_to_sync(message_answer)(session=session, sender=user, message=OutgoingMessage(text="Hello"))
    feedback = MessageFeedback.objects.create(
        user=user, chat_session=session, checkpoint_id="c", message_index=1, rating="thumbs_up"
    )
    return {"feedback_id": feedback.pk}
