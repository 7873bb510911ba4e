"""Runs as the tests ask for them."""

from contextlib import aclosing
from typing import Any
from uuid import UUID, uuid4

from sdk_bridge import Bridge, Event, RunRequest, Token


def saying(message: str | None, **changes: Any) -> RunRequest:
    """Ask for a run on a thread that is made on the way."""
    return RunRequest(**{"on_disconnect": "cancel", "if_not_exists": "create", "message": message, **changes})


async def stream(
    bridge: Bridge, message: str | None = None, *, thread_id: UUID | None = None, **changes: Any
) -> list[Event]:
    """Stream a run to its end."""
    async with aclosing(bridge.stream_run(thread_id or uuid4(), saying(message, **changes))) as events:
        return [event async for event in events]


async def tokens_flow(bridge: Bridge, thread_id: UUID, run_id: UUID) -> None:
    """Wait until the run is answering."""
    async with aclosing(bridge.join_run(thread_id, run_id)) as events:
        async for event in events:
            if isinstance(event, Token):
                return
    raise AssertionError("the run ended without a token")
