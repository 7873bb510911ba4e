"""Ends a WebSocket once its token is over or its user signed out: the server asks at the opening only."""

import asyncio
import contextlib

from starlette.types import ASGIApp, Receive, Scope, Send

from graphs.access.denial import Denial
from graphs.access.identity import identify
from graphs.errors import ControlPlaneUnreachable

# As long as a user's state may be old.
ASKED_EVERY_SECONDS = 5.0
POLICY_VIOLATION = 1008


async def serve_while_welcome(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Serve the socket, and close it when its headers would be refused anew."""
    serving = asyncio.ensure_future(app(scope, receive, send))
    watching = asyncio.ensure_future(_until_unwelcome(scope))
    try:
        await asyncio.wait({serving, watching}, return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            await serving
            return
        await _end(serving)
        # The other side may have hung up by itself.
        with contextlib.suppress(RuntimeError):
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})
    finally:
        await _end(serving)
        await _end(watching)


async def _until_unwelcome(scope: Scope) -> None:
    while True:
        await asyncio.sleep(ASKED_EVERY_SECONDS)
        try:
            await identify(scope["headers"])
        except Denial:
            return
        except ControlPlaneUnreachable:
            # Its token is still good; who was let in stays until the control plane says otherwise.
            continue


async def _end(task: asyncio.Future[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
