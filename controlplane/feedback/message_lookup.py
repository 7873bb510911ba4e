"""Finds the message that is rated in the user's own thread; the control plane keeps none."""

from dataclasses import dataclass
from uuid import UUID

from controlplane.accounts.models import CustomUser
from controlplane.agent_server.bridges import bridge_for_user
from controlplane.agent_server.patience import answered_in_time
from controlplane.api.waiting import free_thread
from controlplane.chat.models import ChatSession
from controlplane.errors import Invalid, NotFound
from sdk_bridge import Bridge, History, Message, ThreadNotFound

WHOLE = 10**9


@dataclass(frozen=True, kw_only=True)
class MessagePlace:
    """How a caller names a message: by its id, or by its position; at a checkpoint, or as things stand."""

    message_id: str | None = None
    message_index: int | None = None
    checkpoint_id: UUID | None = None

    def means(self, message: Message, index: int) -> bool:
        """Whether this is the message, at this position."""
        return index == self.message_index if self.message_id is None else message.id == self.message_id


@dataclass(frozen=True, kw_only=True)
class RatedMessage:
    """A message that is there, with the checkpoint at which it was found."""

    id: str
    index: int
    checkpoint_id: str


async def message_find(*, session: ChatSession, rater: CustomUser, place: MessagePlace) -> RatedMessage:
    """Look a message up through the bridge; holds no database connection meanwhile.

    Raises NotFound `message_not_found`, Invalid for one that is no answer, BridgeError.
    """
    await free_thread()
    async with answered_in_time(), bridge_for_user(rater) as bridge:
        history = await _read(bridge, session, place)
    for index, message in enumerate(history.messages, start=history.first_index):
        if place.means(message, index):
            if message.role != "ai":
                named = "message_index" if place.message_id is None else "message_id"
                raise Invalid("Only answers can be rated.", fields={named: ["This message is no answer."]})
            return RatedMessage(id=message.id, index=index, checkpoint_id=history.checkpoint_id or "")
    raise NotFound("There is no such message in this session.", code="message_not_found")


async def _read(bridge: Bridge, session: ChatSession, place: MessagePlace) -> History:
    try:
        return await bridge.read_history(session.id, limit=WHOLE, checkpoint_id=place.checkpoint_id)
    except ThreadNotFound:
        # A thread whose row the server has lost; its checkpoints are still there.
        await bridge.restore_thread(session.id, graph_id=session.graph_id)
    return await bridge.read_history(session.id, limit=WHOLE, checkpoint_id=place.checkpoint_id)
