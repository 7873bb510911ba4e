"""A conversation that is being written is ended before it is erased."""

import asyncio
from collections.abc import AsyncIterator

from asgiref.sync import async_to_sync, sync_to_async

from controlplane.accounts.agent_tokens import mint_for_user
from controlplane.chat.services import session_create, session_delete
from controlplane.erasure.models import DeletionReceipt
from controlplane.erasure.sessions import session_erase
from controlplane.runs.models import Run
from sdk_bridge import RunRequest
from sdk_bridge.memory import MemoryAgentServer, Reply, Turn
from tests.controlplane import agent_server_double


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
        await session_erase(thread_id=session.pk)
        await run.arefresh_from_db()
        return run

    settings.AGENT_SERVER_CONNECTOR = agent_server_double.CONNECTOR
    run = async_to_sync(start_delete_and_erase)(agent_server_double.install(agent=endless))

    assert was_cancelled.is_set()
    assert (run.status, run.session_id) == ("interrupted", None)
    assert DeletionReceipt.objects.get().counts["cancelled_runs"] == 1
