"""The service's and users' ways to the Agent Server in memory, for planting what upkeep is to find."""

import uuid
from collections.abc import Callable

import pytest
from asgiref.sync import async_to_sync

from controlplane.accounts.agent_tokens import mint_for_service
from controlplane.chat.models import ChatSession
from controlplane.chat.services import session_create


@pytest.fixture(autouse=True)
def documents_folder(settings, tmp_path):
    """An empty folder."""
    settings.MEDIA_ROOT = tmp_path / "documents"
    return settings.MEDIA_ROOT


@pytest.fixture
def session(user, agent_server) -> ChatSession:
    """The user's session, its thread included."""
    return async_to_sync(session_create)(owner=user, settings={"title": "Tea"})


@pytest.fixture
def plant_thread(agent_server) -> Callable[..., uuid.UUID]:
    """Make a thread at the Agent Server alone, owned by whom one says."""

    def plant(owner: object, *, thread_id: uuid.UUID | None = None, graph_id: str = "agent") -> uuid.UUID:
        thread_id = thread_id or uuid.uuid4()
        service = agent_server.acting_as(mint_for_service().token)
        metadata = {"owner": str(owner)}
        async_to_sync(service.create_thread)(thread_id, graph_id=graph_id, metadata=metadata)
        return thread_id

    return plant


@pytest.fixture
def threads(agent_server) -> Callable[[], set[uuid.UUID]]:
    """Name the threads that the Agent Server has."""

    def look() -> set[uuid.UUID]:
        service = agent_server.acting_as(mint_for_service().token)
        return {thread.id for thread in async_to_sync(service.list_threads)()}

    return look
