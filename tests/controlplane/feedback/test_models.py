"""What the database keeps of feedback, and how ratings are added up."""

import pytest
from django.db import IntegrityError, transaction

from controlplane.chat.models import ChatSession
from controlplane.feedback.models import MessageFeedback


@pytest.fixture
def rate(user):
    """Rate messages of one session."""
    session = ChatSession.objects.create(user=user)
    numbers = iter(range(1000))

    def make(rating: str = "thumbs_up", **fields: object) -> MessageFeedback:
        place = {"message_id": f"m{next(numbers)}", "user": user, "chat_session": session}
        return MessageFeedback.objects.create(rating=rating, **{**place, **fields})

    make.session = session
    return make


@pytest.mark.parametrize(
    ("ratings", "rate_of", "stars"),
    [
        pytest.param([], None, None, id="nothing"),
        pytest.param(["thumbs_up"], 100.0, None, id="up"),
        pytest.param(["thumbs_down"], 0.0, None, id="down"),
        pytest.param(["thumbs_up", "thumbs_up", "thumbs_down"], 66.7, None, id="thumbs"),
        pytest.param(["star_5", "star_4", "star_3", "star_2", "star_1"], 40.0, 3.0, id="stars"),
        pytest.param(["thumbs_up", "star_3", "star_2"], 33.3, 2.5, id="both"),
    ],
)
def test_satisfaction_is_taken_in_one_query(rate, ratings, rate_of, stars, django_assert_num_queries):
    for rating in ratings:
        rate(rating)
    with django_assert_num_queries(1):
        stats = MessageFeedback.get_session_satisfaction(rate.session)

    assert (stats["satisfaction_rate"], stats["average_stars"]) == (rate_of, stars)
    assert stats["total_feedback"] == len(ratings)


def test_other_sessions_do_not_count(rate, user):
    rate("thumbs_down", chat_session=ChatSession.objects.create(user=user))

    assert MessageFeedback.get_session_satisfaction(rate.session)["total_feedback"] == 0


BY_PLACE = {"message_id": "", "checkpoint_id": "c", "message_index": 2}


@pytest.mark.parametrize("place", [{"message_id": "m"}, BY_PLACE], ids=["id", "place"])
def test_message_is_rated_once_by_a_user(rate, stranger, place):
    rate(**place)
    rate(user=stranger, **place)

    with pytest.raises(IntegrityError, match="feedback_one_per"), transaction.atomic():
        rate(**place)
    assert MessageFeedback.objects.count() == 2


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        pytest.param({"rating": "great"}, "rating_known", id="rating"),
        pytest.param({"feedback_categories": ["nice"]}, "categories_known", id="category"),
        pytest.param({"feedback_categories": {"a": 1}}, "categories_known", id="no-list"),
        pytest.param({"reported_issue": "rude"}, "issue_known", id="issue"),
        pytest.param({"message_id": "", "message_index": 1}, "names_a_message", id="no-checkpoint"),
        pytest.param({"message_id": "", "checkpoint_id": "c"}, "names_a_message", id="no-index"),
    ],
)
def test_database_keeps_only_what_is_known(rate, fields, constraint):
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        rate(**fields)
    assert MessageFeedback.objects.count() == 0


def test_text_goes_with_the_session_and_with_the_user(rate, user, stranger, make_user):
    reviewer = make_user("reviewer@example.com")
    kept = rate(feedback_text="Secret.", reviewed=True, reviewed_by=reviewer)
    rate(user=stranger)

    stranger.delete()
    reviewer.delete()
    kept.refresh_from_db()
    assert (MessageFeedback.objects.get(), kept.reviewed, kept.reviewed_by) == (kept, True, None)
    rate.session.delete()
    assert MessageFeedback.objects.count() == 0
