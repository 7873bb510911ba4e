"""Stands before the Agent Server's own routes: closes what has no lock, and lets Studio's page knock.

The in-memory runtime serves routes that its document does not name and that no token guards: they read any
thread, empty the server and deploy it. The server lets Studio's header in before our own identity is asked,
so whether it comes from this machine is looked at here. And its CORS settings cannot say that pages of the
public web may call a server on a private address, so it refuses the preflight of every such page, the allowed
ones too. Streams that are joined again lose and repeat nothing here (`graphs.access.event_streams`).
"""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from graphs.access.denial import Denial, denial
from graphs.access.event_streams import is_joined, tell_events_apart, without_repeats
from graphs.access.neighbourhood import calls_this_machine, sent_by_a_stranger
from graphs.access.open_sockets import POLICY_VIOLATION, serve_while_welcome
from graphs.settings import read_settings

Headers = list[tuple[bytes, bytes]]

CLOSED = ("internal", "deploy")
PRIVATE_NETWORK_QUESTION = b"access-control-request-private-network"
STUDIO_HEADER = b"x-auth-scheme"


class FrontDoor:
    """Refuses what must not reach the server, and leaves the question of the private network to the operator.

    Whose page may call is still decided by origin. `ALLOW_PRIVATE_NETWORK`, which `langgraph dev` sets,
    decides whether the browser hears that this address may be called from outside.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Stand before `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, unless it is refused."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        refusal = _refusal(scope)
        if refusal:
            await _refuse(refusal, scope, receive, send)
            return
        headers = [entry for entry in scope["headers"] if entry[0] != PRIVATE_NETWORK_QUESTION]
        allowed = {**scope, "headers": headers}
        if scope["type"] == "websocket" and not _shows_studio(headers):
            await serve_while_welcome(self._app, allowed, receive, send)
            return
        await self._app(allowed, receive, without_repeats(send) if is_joined(allowed) else send)


def _refusal(scope: Scope) -> Denial | None:
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    if path.lstrip("/").partition("/")[0] in CLOSED:
        return Denial(404, "Not Found")
    return _stranger(scope)


def _stranger(scope: Scope) -> Denial | None:
    """Refuse who would get in from elsewhere without an account; a preflight only asks, and CORS answers."""
    headers = scope["headers"]
    if scope.get("method") == "OPTIONS":
        return None
    if read_settings().is_standalone:
        if calls_this_machine(headers) and not sent_by_a_stranger(headers):
            return None
        return denial(401, "unauthorized", "Without a control plane this server is for this machine only.")
    if _shows_studio(headers) and not calls_this_machine(headers):
        return denial(403, "studio_not_allowed", "LangGraph Studio is let in on this machine only.")
    return None


def _shows_studio(headers: Headers) -> bool:
    return any(name == STUDIO_HEADER for name, _ in headers)


async def _refuse(refusal: Denial, scope: Scope, receive: Receive, send: Send) -> None:
    answer: ASGIApp = JSONResponse({"detail": refusal.detail}, status_code=refusal.status_code)
    if scope["type"] == "websocket":
        answer = WebSocketClose(code=POLICY_VIOLATION)
    await answer(scope, receive, send)


tell_events_apart()

app = Starlette(middleware=[Middleware(FrontDoor)])
