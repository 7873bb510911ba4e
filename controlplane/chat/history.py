"""Reads a conversation back from the Agent Server; the control plane itself keeps no message."""

from controlplane.accounts.models import CustomUser
from controlplane.agent_server.bridges import bridge_for_service, bridge_for_user
from controlplane.agent_server.patience import answered_in_time
from controlplane.api.waiting import free_thread
from controlplane.chat.models import ChatSession
from sdk_bridge import History, ThreadNotFound


async def read_history(
    *, session: ChatSession, reader: CustomUser, limit: int, before: int | None = None
) -> History:
    """Read a page of messages, newest page first, each page oldest message first. Raises BridgeError.

    A session whose thread the server has lost gets its row back, and with it the history in the checkpoints.
    """
    await free_thread()
    async with answered_in_time(), bridge_for_user(reader) as bridge:
        try:
            return await bridge.read_history(session.id, limit=limit, before=before)
        except ThreadNotFound:
            await bridge.restore_thread(session.id, graph_id=session.graph_id)
        return await bridge.read_history(session.id, limit=limit, before=before)


async def read_history_as_service(*, session: ChatSession, limit: int, before: int | None = None) -> History:
    """Read the same for the back office, whoever owns the session. Raises BridgeError.

    A lost thread is left lost: given back by the service, it would have no owner.
    """
    async with answered_in_time(), bridge_for_service() as bridge:
        return await bridge.read_history(session.id, limit=limit, before=before)
