"""The examples of MessageFeedback, as they are written."""

from types import SimpleNamespace
from uuid import uuid4

from django.db.models import Count

from controlplane.chat.models import ChatSession
from controlplane.feedback.models import MessageFeedback


def store_feedback(user, session, checkpoint) -> MessageFeedback:
    return MessageFeedback.objects.create(
        user=user,
        chat_session=session,
        checkpoint_id=checkpoint.id,
        message_index=2,  # AI response index
        rating="thumbs_up",
        feedback_text="Very helpful explanation!",
    )


def test_feedback_is_stored_and_satisfaction_read(user):
    session, checkpoint = ChatSession.objects.create(user=user), SimpleNamespace(id=str(uuid4()))
    feedback = store_feedback(user, session, checkpoint)

    # Get session satisfaction
    stats = MessageFeedback.get_session_satisfaction(session)

    assert f"Satisfaction: {stats['satisfaction_rate']}%" == "Satisfaction: 100.0%"
    feedback.refresh_from_db()
    assert (feedback.checkpoint_id, feedback.message_index) == (checkpoint.id, 2)
    assert (feedback.feedback_categories, feedback.reported_issue) == ([], "")
    assert (feedback.reviewed, feedback.reviewed_by) == (False, None)


def test_related_data_is_prefetched_and_counted(user, django_assert_num_queries):
    """Follows the meaning: the counts of the example are taken one relation at a time."""
    for number in range(3):
        session = ChatSession.objects.create(user=user)
        store_feedback(user, session, SimpleNamespace(id=f"c{number}"))

    with django_assert_num_queries(2):
        sessions = list(
            ChatSession.objects.filter(user=user).select_related("user").prefetch_related("message_feedback")
        )
        assert [len(session.message_feedback.all()) for session in sessions] == [1, 1, 1]
    counted = ChatSession.objects.filter(user=user).annotate(feedback_count=Count("message_feedback"))
    assert [session.feedback_count for session in counted] == [1, 1, 1]
