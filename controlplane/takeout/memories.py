"""Writes what the agent remembers of a user."""

from dataclasses import asdict
from uuid import UUID

import structlog

from controlplane.agent_server.bridges import bridge_for_service
from controlplane.takeout.rows import as_json
from controlplane.takeout.staging import Staging
from sdk_bridge import BridgeError, Retryable

logger = structlog.get_logger(__name__)

NAME = "memories.json"


async def write_memories(staging: Staging, *, owner_id: UUID) -> None:
    """Write them into one file, unless it is there. Raises Retryable when the Agent Server is away."""
    if staging.has(NAME):
        return
    content: object
    try:
        async with bridge_for_service() as bridge:
            content = [asdict(memory) for memory in await bridge.list_memories(owner_id)]
    except Retryable:
        raise
    except BridgeError as error:
        # What cannot be read does not keep the user from all the rest.
        logger.warning("memories_not_exported", code=error.code)
        content = {"error": error.code}
    with staging.writing(NAME) as out:
        out.write(as_json(content) + "\n")
