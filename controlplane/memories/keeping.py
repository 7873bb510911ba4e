"""Reads and erases a user's memories on the Agent Server; the control plane itself keeps none."""

from uuid import UUID

from controlplane.agent_server.bridges import bridge_for_service
from controlplane.agent_server.patience import answered_in_time
from controlplane.api.waiting import free_thread
from sdk_bridge import Memory
from sdk_bridge.memories import place_of_memories


async def memories_read(*, owner_id: UUID) -> tuple[Memory, ...]:
    """Read all memories of a user, newest first. Raises BridgeError."""
    await free_thread()
    async with answered_in_time(), bridge_for_service() as bridge:
        return await bridge.list_memories(owner_id)


async def memory_delete(*, owner_id: UUID, memory_id: UUID) -> None:
    """Delete one memory of a user. Raises BridgeError, NotFound for one that is not there."""
    await free_thread()
    async with answered_in_time(), bridge_for_service() as bridge:
        await bridge.delete_memory(owner_id, memory_id)


async def memories_delete(*, owner_id: UUID) -> int:
    """Delete all memories of a user; returns how many there were. Raises BridgeError.

    One that is cut off by time may be asked for again: what is gone stays gone.
    """
    await free_thread()
    async with answered_in_time(), bridge_for_service() as bridge:
        return await bridge.erase_items(place_of_memories(owner_id))
