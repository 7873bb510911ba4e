"""The claim of a thread id: the secret first, a typed body, the contract's answers."""

import json
import uuid

import pytest
from django.test import Client

from controlplane.chat.models import ChatSession, DeletedThread

CLAIM = "/internal/threads/claim/"


@pytest.fixture
def claim(settings):
    """Claim as the Agent Server does."""
    secret = {"X-Threadplane-Secret": settings.CONTROL_PLANE_SECRET}
    client = Client(headers=secret, raise_request_exception=False)
    return lambda **body: client.post(CLAIM, json.dumps(body), content_type="application/json")


def test_new_thread_becomes_the_user_s_session(user, claim):
    thread_id = str(uuid.uuid4())
    for _ in range(2):
        answer = claim(thread_id=thread_id, user_id=str(user.pk))
        assert (answer.status_code, answer.json()) == (
            200,
            {"thread_id": thread_id, "session_id": thread_id},
        )
    assert str(ChatSession.objects.get().pk) == thread_id


def test_studio_s_thread_has_no_session(db, claim):
    answer = claim(thread_id=str(uuid.uuid4()), user_id=None)
    assert (answer.status_code, answer.json()["session_id"]) == (200, None)
    assert not ChatSession.objects.exists()


def test_another_user_s_thread_is_not_found(user, stranger, claim):
    session = ChatSession.objects.create(user=stranger)
    answer = claim(thread_id=str(session.pk), user_id=str(user.pk))
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "thread_not_found")


def test_deleted_thread_is_gone(user, claim):
    stone = DeletedThread.objects.create(thread_id=uuid.uuid4(), user=user)
    answer = claim(thread_id=str(stone.thread_id), user_id=str(user.pk))
    assert (answer.status_code, answer.json()["error"]["code"]) == (410, "thread_deleted")
    assert not ChatSession.objects.exists()


@pytest.mark.parametrize("field", ["thread_id", "user_id"])
def test_wrong_claim_names_its_field(user, claim, field):
    answer = claim(**{"thread_id": str(uuid.uuid4()), "user_id": str(user.pk), field: "no"})
    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (422, [field])
    assert not ChatSession.objects.exists()


def test_forged_claim_makes_no_session(user):
    client = Client(headers={"X-Threadplane-Secret": "forged"}, raise_request_exception=False)
    body = json.dumps({"thread_id": str(uuid.uuid4()), "user_id": str(user.pk)})
    answer = client.post(CLAIM, body, content_type="application/json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forged_request")
    assert not ChatSession.objects.exists()
