"""A conversation whose answers can be rated."""

import pytest
from asgiref.sync import async_to_sync

from controlplane.chat.models import ChatSession
from controlplane.chat.services import session_create


@pytest.fixture
def session(user, agent_server) -> ChatSession:
    """The user's session, its thread included."""
    return async_to_sync(session_create)(owner=user, settings={"title": "Tea"})


@pytest.fixture
def messages(api, session) -> list[dict]:
    """Two questions and their answers."""
    for text in ("One", "Two"):
        assert api.post(f"/api/v1/sessions/{session.pk}/messages/", {"message": text}).status_code == 200
    return api.get(f"/api/v1/sessions/{session.pk}/history/").json()["messages"]
