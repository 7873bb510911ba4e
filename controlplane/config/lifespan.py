"""Gives Django, which has no lifespan, something to open at the server's start and close at its end."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class Lifespan:
    """Wraps an application; `during()` is entered at start-up and left at shutdown, on the server's loop."""

    def __init__(
        self, application: Application, *, during: Callable[[], AbstractAsyncContextManager[object]]
    ) -> None:
        self._application = application
        self._during = during

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the lifespan protocol here and pass everything else on."""
        if scope["type"] != "lifespan":
            await self._application(scope, receive, send)
            return
        await receive()
        async with self._during():
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})
