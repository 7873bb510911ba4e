"""A session with its thread, as users have them."""

import pytest
from asgiref.sync import async_to_sync

from controlplane.chat.models import ChatSession
from controlplane.chat.services import session_create


@pytest.fixture
def session(user, agent_server) -> ChatSession:
    """The user's session, its thread included."""
    return async_to_sync(session_create)(owner=user, settings={"title": "Tea"})
