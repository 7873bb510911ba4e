"""Gives Django, which has no lifespan, something to open at the server's start and close at its end."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from asgiref.typing import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, Scope


class Lifespan:
    """Wraps an application; `during()` is entered at start-up and left at shutdown, on the server's loop."""

    def __init__(
        self, application: ASGI3Application, *, during: Callable[[], AbstractAsyncContextManager[object]]
    ) -> None:
        self._application = application
        self._during = during

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Answer the lifespan protocol here and pass everything else on."""
        if scope["type"] != "lifespan":
            await self._application(scope, receive, send)
            return
        await receive()
        async with self._during():
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})
