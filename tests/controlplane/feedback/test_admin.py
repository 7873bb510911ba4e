"""Feedback in the back office: reviewed by administrators, changed by nobody."""

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from controlplane.accounts.models import CustomUser
from controlplane.accounts.roles import roles_sync
from controlplane.chat.models import ChatSession
from controlplane.feedback.models import MessageFeedback

FEEDBACK = "admin:feedback_messagefeedback_"


@pytest.fixture
def admin(make_user) -> CustomUser:
    """The administrator."""
    return make_user("admin@example.com", is_staff=True, is_superuser=True)


@pytest.fixture
def office(admin) -> Client:
    """The administrator's browser."""
    client = Client()
    client.force_login(admin)
    return client


@pytest.fixture
def feedback(user) -> MessageFeedback:
    """What a user thinks of an answer."""
    session = ChatSession.objects.create(user=user, title="Tea")
    return MessageFeedback.objects.create(
        user=user, chat_session=session, message_id="m", rating="star_2", feedback_text="Too bitter."
    )


def act(office, action: str, *rows: MessageFeedback):
    keys = [str(row.pk) for row in rows]
    address = reverse(f"{FEEDBACK}changelist")
    return office.post(address, {"action": action, "_selected_action": keys}, follow=True)


def change(office, feedback, **fields: object):
    return office.post(reverse(f"{FEEDBACK}change", args=[feedback.pk]), fields)


def test_review_names_its_administrator(office, admin, feedback):
    page = act(office, "review", feedback)

    assert "Done for 1." in page.text
    feedback.refresh_from_db()
    assert (feedback.reviewed, feedback.reviewed_by) == (True, admin)
    assert feedback.reviewed_at is not None
    act(office, "reopen", feedback)
    feedback.refresh_from_db()
    assert (feedback.reviewed, feedback.reviewed_by, feedback.reviewed_at) == (False, None, None)


def test_form_writes_the_review_and_nothing_else(office, admin, feedback):
    fields = {"rating": "star_5", "feedback_text": "Nice.", "user": admin.pk}
    assert change(office, feedback, reviewed="on", review_notes="Told them.", **fields).status_code == 302

    feedback.refresh_from_db()
    assert (feedback.reviewed, feedback.reviewed_by, feedback.review_notes) == (True, admin, "Told them.")
    assert (feedback.rating, feedback.feedback_text, feedback.user.email) == (
        "star_2",
        "Too bitter.",
        "ada@example.com",
    )
    change(office, feedback, review_notes="Told them.")
    feedback.refresh_from_db()
    assert (feedback.reviewed, feedback.reviewed_by, feedback.review_notes) == (False, None, "Told them.")


@pytest.mark.parametrize("step", ["add", "delete"])
def test_feedback_is_neither_made_nor_deleted(office, feedback, step):
    address = reverse(f"{FEEDBACK}{step}", args=[feedback.pk] if step == "delete" else [])

    assert office.post(address, {"post": "yes"}).status_code == 403
    assert MessageFeedback.objects.count() == 1


def test_feedback_of_a_session_that_is_being_deleted_is_hidden(office, feedback):
    ChatSession.objects.update(deleted_at=timezone.now())

    assert "ada@example.com" not in office.get(reverse(f"{FEEDBACK}changelist")).text


def test_session_s_page_shows_satisfaction_and_no_title_here(office, feedback):
    session = reverse("admin:chat_chatsession_change", args=[feedback.chat_session_id])

    assert "0.0 % of 1" in office.get(session).text
    assert "Tea" not in office.get(reverse(f"{FEEDBACK}change", args=[feedback.pk])).text


def test_analyst_sees_ratings_and_no_text(make_user, feedback):
    roles_sync()
    analyst = make_user("analyst@example.com", is_staff=True)
    analyst.groups.add(Group.objects.get(name="analyst"))
    client = Client()
    client.force_login(analyst)
    pages = [reverse(f"{FEEDBACK}changelist"), reverse(f"{FEEDBACK}change", args=[feedback.pk])]

    for page in pages:
        assert "2 stars" in (shown := client.get(page).text)
        assert "Too bitter." not in shown
    act(client, "review", feedback)
    feedback.refresh_from_db()
    assert not feedback.reviewed


@pytest.mark.parametrize("query", ["reviewed__exact=0", "rating__exact=star_2", "q=ada@"])
def test_list_is_filtered(office, feedback, query):
    assert "ada@example.com" in office.get(f"{reverse(f'{FEEDBACK}changelist')}?{query}").text


def test_list_costs_the_same_for_three_and_for_thirty(office, admin, feedback):
    def queries(count: int) -> int:
        for _ in range(count):
            session = ChatSession.objects.create(user=feedback.user)
            MessageFeedback.objects.create(
                user=feedback.user, chat_session=session, message_id="m", rating="star_2", reviewed_by=admin
            )
        with CaptureQueriesContext(connection) as found:
            assert office.get(reverse(f"{FEEDBACK}changelist")).status_code == 200
        return len(found)

    assert queries(3) == queries(27)
