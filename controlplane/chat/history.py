"""Reads a conversation back from the Agent Server; the control plane itself keeps no message."""

import uuid

from controlplane.accounts.models import CustomUser
from controlplane.agent_server.bridges import bridge_for_service, bridge_for_user
from controlplane.agent_server.patience import answered_in_time
from controlplane.api.waiting import free_thread
from controlplane.chat.branches import Tree, read_tree
from controlplane.chat.models import ChatSession
from controlplane.errors import NotFound
from sdk_bridge import Bridge, History, ThreadNotFound


async def read_history(
    *,
    session: ChatSession,
    reader: CustomUser,
    limit: int,
    before: int | None = None,
    checkpoint_id: uuid.UUID | None = None,
) -> History:
    """Read a page of messages, newest page first, each page oldest message first; all as at a checkpoint.

    Raises BridgeError, NotFound `checkpoint_not_found`.
    """
    await free_thread()
    async with answered_in_time(), bridge_for_user(reader) as bridge:
        return await history_through(bridge, session, limit=limit, before=before, checkpoint_id=checkpoint_id)


async def read_branches(
    *,
    session: ChatSession,
    reader: CustomUser,
    limit: int,
    before: int | None = None,
    checkpoint_id: uuid.UUID | None = None,
) -> tuple[History, Tree]:
    """Read the same with the checkpoints around it, the newest few hundred of them."""
    await free_thread()
    async with answered_in_time(), bridge_for_user(reader) as bridge:
        history = await history_through(
            bridge, session, limit=limit, before=before, checkpoint_id=checkpoint_id
        )
        return history, await read_tree(bridge, history)


async def history_through(
    bridge: Bridge,
    session: ChatSession,
    *,
    limit: int,
    before: int | None = None,
    checkpoint_id: uuid.UUID | None = None,
) -> History:
    """Read a page within a caller's own connection.

    A session whose thread the server has lost gets its row back, and with it the history in the checkpoints.
    """

    async def read() -> History:
        return await bridge.read_history(session.id, limit=limit, before=before, checkpoint_id=checkpoint_id)

    try:
        history = await read()
    except ThreadNotFound:
        await bridge.restore_thread(session.id, graph_id=session.graph_id)
        history = await read()
    if checkpoint_id is not None and history.checkpoint_id is None:
        raise NotFound("The conversation has no such checkpoint.", code="checkpoint_not_found")
    return history


async def read_history_as_service(*, session: ChatSession, limit: int, before: int | None = None) -> History:
    """Read the same for the back office, whoever owns the session. Raises BridgeError.

    A lost thread is left lost: given back by the service, it would have no owner.
    """
    async with answered_in_time(), bridge_for_service() as bridge:
        return await bridge.read_history(session.id, limit=limit, before=before)
