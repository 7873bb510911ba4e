"""Deleting a session: gone at once for its owner, who is told so; the rest is tests/controlplane/erasure."""

import pytest
from asgiref.sync import async_to_sync

from controlplane.accounts.agent_tokens import mint_for_service, mint_for_user
from controlplane.chat.models import ChatSession, DeletedThread
from controlplane.chat.services import session_delete
from sdk_bridge import ServerUnreachable


def read_thread(agent_server, session):
    return async_to_sync(agent_server.acting_as(mint_for_service().token).get_thread)(session.pk)


@pytest.fixture
def deleted(session, user) -> ChatSession:
    """The session after its owner deleted it, before any job ran."""
    session_delete(session_id=session.pk, owner_id=user.pk)
    return session


@pytest.fixture
def claimed(user, agent_server) -> ChatSession:
    """A session of the user's whose thread is not at the Agent Server."""
    return ChatSession.objects.create(user=user, is_provisional=True)


def test_session_whose_thread_is_still_being_made_puts_up_no_tombstone(api, claimed):
    answer = api.delete(f"/api/v1/sessions/{claimed.pk}/")

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "session_provisional")
    assert not DeletedThread.objects.exists()


def test_session_whose_thread_was_just_made_is_deleted_at_once(api, claimed, user, agent_server):
    async_to_sync(agent_server.acting_as(mint_for_user(user).token).create_thread)(claimed.pk)

    assert api.delete(f"/api/v1/sessions/{claimed.pk}/").status_code == 204
    assert DeletedThread.objects.get().thread_id == claimed.pk


def test_session_on_a_stranger_s_thread_puts_up_no_tombstone(api, claimed, stranger, agent_server):
    async_to_sync(agent_server.acting_as(mint_for_user(stranger).token).create_thread)(claimed.pk)

    assert api.delete(f"/api/v1/sessions/{claimed.pk}/").status_code == 404
    assert not DeletedThread.objects.exists()
    assert read_thread(agent_server, claimed).id == claimed.pk


def test_session_that_cannot_be_looked_for_stays(api, claimed, agent_server):
    agent_server.faults.fail_with = ServerUnreachable("away")

    answer = api.delete(f"/api/v1/sessions/{claimed.pk}/")

    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "agent_server_unreachable")
    assert not DeletedThread.objects.exists()
    assert ChatSession.objects.get().deleted_at is None


def test_nobody_looks_for_a_stranger_s_session(stranger_api, claimed, user, agent_server):
    async_to_sync(agent_server.acting_as(mint_for_user(user).token).create_thread)(claimed.pk)

    assert stranger_api.delete(f"/api/v1/sessions/{claimed.pk}/").status_code == 404
    assert ChatSession.objects.get().is_provisional


STEPS = {
    "get": ["", "history/", "runs/", "feedback/", "satisfaction/", "effective-config/"],
    "post": ["messages/", "archive/", "restore/", "pin/", "unpin/"],
    "patch": [""],
    "delete": [""],
}


@pytest.mark.parametrize(("method", "step"), [(method, step) for method in STEPS for step in STEPS[method]])
def test_deleted_session_is_gone_for_good_at_once(api, stranger_api, session, method, step):
    address = f"/api/v1/sessions/{session.pk}/{step}"
    assert api.delete(f"/api/v1/sessions/{session.pk}/").status_code == 204
    body = None if method == "get" else {"message": "Hello?"}

    answer = getattr(api, method)(address, body)
    foreign = getattr(stranger_api, method)(address, body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (410, "thread_deleted")
    assert (foreign.status_code, foreign.json()["error"]["code"]) == (404, "not_found")
    assert DeletedThread.objects.count() == 1


def test_deleted_session_is_in_no_list(api, session):
    api.delete(f"/api/v1/sessions/{session.pk}/")

    assert api.get("/api/v1/sessions/").json()["results"] == []


def test_deletion_puts_up_a_tombstone(deleted, user):
    stone = DeletedThread.objects.get()

    assert (stone.thread_id, stone.user, stone.erased_at) == (deleted.pk, user, None)
    assert ChatSession.objects.get().deleted_at is not None
