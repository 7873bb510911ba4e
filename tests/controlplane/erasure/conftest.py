"""Deletions that do not wait between their looks, and a journal and folder of their own."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from asgiref.sync import async_to_sync

from controlplane.chat.models import ChatSession, DeletedThread
from controlplane.chat.services import session_create, session_delete
from controlplane.erasure.sessions import session_erase


@pytest.fixture(autouse=True)
def places(settings, tmp_path) -> Path:
    """A journal and an empty folder of documents; no database of vectors."""
    settings.MEDIA_ROOT = tmp_path / "documents"
    settings.DELETION_JOURNAL = tmp_path / "journal" / "deletions.jsonl"
    settings.PGVECTOR_CONNECTION_STRING = None
    return tmp_path


@pytest.fixture
def session(user, agent_server) -> ChatSession:
    """The user's session, its thread included."""
    return async_to_sync(session_create)(owner=user, settings={"title": "Tea"})


@pytest.fixture
def deleted(session, user) -> ChatSession:
    """The session after its owner deleted it, before any job ran."""
    session_delete(session_id=session.pk, owner_id=user.pk)
    return session


@pytest.fixture
def no_waiting(settings) -> None:
    """Let the second look follow at once."""
    settings.DELETION_SECOND_LOOK = timedelta()


@pytest.fixture
def erase(agent_server) -> Callable[[ChatSession], bool]:
    """Take one look, as the job does; says whether another is to follow."""
    return lambda session: async_to_sync(session_erase)(thread_id=session.pk)


def stone_of(session: ChatSession) -> DeletedThread:
    """The tombstone of a session."""
    return DeletedThread.objects.get(pk=session.pk)
