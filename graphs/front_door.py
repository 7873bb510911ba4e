"""Stands before the Agent Server's own routes: closes what has no lock, and lets Studio's page knock.

The in-memory runtime serves routes that its document does not name and that no token guards: they read any
thread, empty the server and deploy it. And its CORS settings cannot say that pages of the public web may call
a server on a private address, so it refuses the preflight of every such page, the allowed ones too.
"""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

CLOSED = ("internal", "deploy")
PRIVATE_NETWORK_QUESTION = b"access-control-request-private-network"


class FrontDoor:
    """Answers 404 for the unguarded routes, and leaves the question of the private network to the operator.

    Whose page may call is still decided by origin. `ALLOW_PRIVATE_NETWORK`, which `langgraph dev` sets,
    decides whether the browser hears that this address may be called from outside.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Stand before `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, unless it is for a closed route."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["path"].lstrip("/").partition("/")[0] in CLOSED:
            await JSONResponse({"detail": "Not Found"}, status_code=404)(scope, receive, send)
            return
        headers = [entry for entry in scope["headers"] if entry[0] != PRIVATE_NETWORK_QUESTION]
        await self._app({**scope, "headers": headers}, receive, send)


app = Starlette(middleware=[Middleware(FrontDoor)])
