"""Deleting a session: gone at once for its owner, erased by a job that survives every interruption."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.utils import timezone

from controlplane.accounts.agent_tokens import mint_for_service, mint_for_user
from controlplane.chat import tasks
from controlplane.chat.deletion import thread_erase, unerased_threads
from controlplane.chat.models import ChatSession, DeletedThread
from controlplane.chat.services import session_create, session_delete
from controlplane.runs.models import Run
from controlplane.usage.models import TokenUsage
from sdk_bridge import RunRequest, ServerUnreachable, ThreadNotFound
from sdk_bridge.memory import MemoryAgentServer, Reply, Turn
from tests.controlplane import agent_server_double


def erase(session: ChatSession) -> None:
    async_to_sync(thread_erase)(thread_id=session.pk)


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


@pytest.mark.parametrize("step", ["", "history/", "runs/"])
def test_deleted_session_is_gone_at_once(api, session, step):
    assert api.delete(f"/api/v1/sessions/{session.pk}/").status_code == 204

    assert api.get(f"/api/v1/sessions/{session.pk}/{step}").status_code == 404
    assert api.get("/api/v1/sessions/").json()["results"] == []


def test_deleted_session_takes_no_message_and_no_second_deletion(api, session, agent_server):
    api.delete(f"/api/v1/sessions/{session.pk}/")

    assert api.post(f"/api/v1/sessions/{session.pk}/messages/", {"message": "Hello?"}).status_code == 404
    assert api.delete(f"/api/v1/sessions/{session.pk}/").status_code == 404
    assert DeletedThread.objects.count() == 1


def test_deletion_puts_up_a_tombstone(deleted, user):
    stone = DeletedThread.objects.get()

    assert (stone.thread_id, stone.user, stone.erased_at) == (deleted.pk, user, None)
    assert ChatSession.objects.get().deleted_at is not None


def test_job_erases_thread_and_row_and_keeps_usage(deleted, user, agent_server):
    usage = TokenUsage.objects.create(user=user, chat_session=deleted, model_name="gpt-4o", prompt_tokens=5)

    erase(deleted)

    with pytest.raises(ThreadNotFound):
        read_thread(agent_server, deleted)
    assert not ChatSession.objects.exists()
    assert DeletedThread.objects.get().erased_at is not None
    usage.refresh_from_db()
    assert (usage.chat_session, usage.prompt_tokens) == (None, 5)


def test_job_may_run_twice(deleted, agent_server):
    erase(deleted)
    erased_at = DeletedThread.objects.get().erased_at

    erase(deleted)

    assert DeletedThread.objects.get().erased_at == erased_at


def test_job_leaves_a_living_session_alone(session, agent_server):
    erase(session)

    assert ChatSession.objects.filter(pk=session.pk).exists()
    assert read_thread(agent_server, session).id == session.pk


def test_history_in_a_lost_thread_is_erased_too(api, session, user, agent_server):
    api.post(f"/api/v1/sessions/{session.pk}/messages/", {"message": "A secret"})
    agent_server.lose_thread(session.pk)
    session_delete(session_id=session.pk, owner_id=user.pk)

    erase(session)

    bridge = agent_server.acting_as(mint_for_service().token)
    async_to_sync(bridge.restore_thread)(session.pk)
    assert async_to_sync(bridge.read_history)(session.pk).messages == ()


def test_unreachable_server_leaves_the_job_to_the_sweep(deleted, agent_server):
    agent_server.faults.fail_with = ServerUnreachable("gone")

    tasks.erase_thread(str(deleted.pk))

    assert DeletedThread.objects.get().erased_at is None
    assert ChatSession.objects.filter(pk=deleted.pk).exists()

    agent_server.faults.fail_with = None
    tasks.erase_thread(str(deleted.pk))
    assert DeletedThread.objects.get().erased_at is not None


def test_sweep_takes_overdue_deletions_oldest_first(db):
    now = timezone.now()
    fresh, old, older, done = (uuid.uuid4() for _ in range(4))
    for thread_id, age, erased_at in ((fresh, 5, None), (old, 60, None), (older, 90, None), (done, 99, now)):
        DeletedThread.objects.create(
            thread_id=thread_id, deleted_at=now - timedelta(seconds=age), erased_at=erased_at
        )

    assert unerased_threads() == [older, old]


def test_live_run_is_cancelled_first(settings, user):
    was_cancelled = asyncio.Event()

    async def endless(turn: Turn) -> AsyncIterator[Reply]:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            was_cancelled.set()
            raise
        yield "never"

    async def start_delete_and_erase(server: MemoryAgentServer) -> Run:
        session = await session_create(owner=user, settings={})
        bridge = server.acting_as(mint_for_user(user).token)
        started = await bridge.start_run(session.pk, RunRequest(message="Go", on_disconnect="continue"))
        run = await Run.objects.acreate(
            pk=started.run_id, user=user, session=session, thread_id=session.pk, graph_id="agent"
        )
        await sync_to_async(session_delete)(session_id=session.pk, owner_id=user.pk)
        await thread_erase(thread_id=session.pk)
        await run.arefresh_from_db()
        return run

    settings.AGENT_SERVER_CONNECTOR = agent_server_double.CONNECTOR
    run = async_to_sync(start_delete_and_erase)(agent_server_double.install(agent=endless))

    assert was_cancelled.is_set()
    assert (run.status, run.session_id) == ("interrupted", None)
    assert DeletedThread.objects.filter(thread_id=run.thread_id, erased_at__isnull=False).exists()
