"""Base of the classes that group the in-memory server's calls by subject."""

from sdk_bridge.memory.identity import Identity
from sdk_bridge.memory.state import ServerState


class MemoryCalls:
    """One identity's way to the shared state."""

    def __init__(self, state: ServerState, token: str) -> None:
        self._state = state
        self._token = token

    async def _enter(self) -> Identity:
        return await self._state.enter(self._token)
