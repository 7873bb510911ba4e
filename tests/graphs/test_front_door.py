"""What is turned away at the door, and that the rest goes through untouched."""

import json
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from graphs.front_door import FrontDoor
from tests.graphs.conftest import Configure

HERE = [(b"host", b"127.0.0.1:8123")]
ELSEWHERE = [(b"host", b"agents.example")]
STUDIO_HEADER = (b"x-auth-scheme", b"langsmith")
QUESTION = (b"access-control-request-private-network", b"true")
BEHIND = {"CONTROL_PLANE_URL": "http://127.0.0.1:8000", "CONTROL_PLANE_SECRET": "x", "AGENT_JWKS_FILE": "/x"}


class Server:
    """Stands behind the door and keeps what reaches it."""

    def __init__(self) -> None:
        self.reached: list[Scope] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.reached.append(scope)


def http(path: str, *, method: str = "GET", headers: list[tuple[bytes, bytes]] = HERE) -> dict[str, Any]:
    """A request as a server hands it over: the path is decoded already."""
    return {"type": "http", "method": method, "path": path, "headers": headers}


async def knock(scope: Scope) -> tuple[list[Scope], list[Any]]:
    """Send one request to the door; return what reached the server, and what the door said."""
    server, said = Server(), []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        said.append(message)

    await FrontDoor(server)(scope, receive, send)
    return server.reached, said


@pytest.fixture(autouse=True)
def behind_a_control_plane(configure: Configure) -> None:
    """A server with accounts, unless a test says otherwise."""
    configure(**BEHIND)


@pytest.mark.parametrize(
    "path",
    [
        "/internal",
        "/internal/",
        "/internal/truncate",
        "/internal/truncate/",
        "/internal/debug/thread/3f0c4b3e-7df2-4d3b-9d58-5d3a4b3f7a10",
        "//internal/truncate",
        "///internal//truncate",
        "/deploy",
        "/deploy/",
        "//deploy",
        "/deploy/abc/stream",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "OPTIONS", "DELETE"])
async def test_unguarded_routes_are_closed(path: str, method: str):
    reached, said = await knock(http(path, method=method))

    assert reached == []
    assert said[0]["status"] == 404
    assert json.loads(said[1]["body"]) == {"detail": "Not Found"}


async def test_unguarded_routes_are_closed_under_a_prefix():
    reached, said = await knock({**http("/agents/internal/truncate"), "root_path": "/agents"})

    assert reached == []
    assert said[0]["status"] == 404


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/ok",
        "/threads/internal",
        "/internals",
        "/deployments",
        # Not the server's routes either: it tells case apart and cuts no parameters off.
        "/INTERNAL/truncate",
        "/internal;x/truncate",
        "/%69nternal/truncate",
    ],
)
async def test_other_paths_go_through_untouched(path: str):
    scope = http(path, headers=[*HERE, (b"authorization", b"Bearer x")])

    reached, said = await knock(scope)

    assert reached == [scope]
    assert said == []


@pytest.mark.parametrize("origin", [b"https://smith.langchain.com", b"https://evil.example"])
@pytest.mark.parametrize("settings", [BEHIND, {}], ids=["behind a control plane", "standalone"])
async def test_a_preflight_goes_through_without_its_question(
    configure: Configure, settings: dict[str, str], origin: bytes
):
    """The server's own CORS rules decide whose page may call."""
    configure(**settings)
    asked = [*HERE, (b"origin", origin), (b"access-control-request-method", b"POST")]
    scope = http("/threads", method="OPTIONS", headers=[*asked, QUESTION])

    reached, said = await knock(scope)

    assert reached == [{**scope, "headers": asked}]
    assert said == []


@pytest.mark.parametrize("settings", [BEHIND, {}], ids=["behind a control plane", "standalone"])
async def test_the_servers_life_goes_through(configure: Configure, settings: dict[str, str]):
    configure(**settings)

    assert await knock({"type": "lifespan"}) == ([{"type": "lifespan"}], [])


async def test_a_websocket_goes_through():
    scope = {"type": "websocket", "path": "/threads/x/stream/events", "headers": ELSEWHERE}

    assert await knock(scope) == ([scope], [])


async def test_a_websocket_to_a_closed_route_is_closed():
    reached, said = await knock({"type": "websocket", "path": "/internal/x", "headers": HERE})

    assert reached == []
    assert [(message["type"], message["code"]) for message in said] == [("websocket.close", 1008)]


async def test_accounts_may_call_from_anywhere():
    scope = http("/threads", headers=[*ELSEWHERE, (b"origin", b"https://app.example")])

    assert await knock(scope) == ([scope], [])


@pytest.mark.parametrize("further", [[], [(b"x-auth-scheme", b"")]], ids=["one", "and an empty one"])
async def test_studios_header_counts_on_this_machine_alone(further: list[tuple[bytes, bytes]]):
    near, far = http("/threads", headers=[*HERE, STUDIO_HEADER]), [*ELSEWHERE, STUDIO_HEADER, *further]

    assert await knock(near) == ([near], [])
    reached, said = await knock(http("/threads", headers=far))

    assert reached == []
    assert said[0]["status"] == 403
    assert "studio_not_allowed" in json.loads(said[1]["body"])["detail"]


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param([*ELSEWHERE], id="another name"),
        pytest.param([*ELSEWHERE, STUDIO_HEADER], id="another name as Studio"),
        pytest.param([*HERE, (b"origin", b"https://evil.example")], id="another page"),
        pytest.param([*HERE, (b"origin", b"null")], id="a page without a name"),
        pytest.param(
            [*HERE, (b"origin", b"https://evil.example"), STUDIO_HEADER], id="another page as Studio"
        ),
    ],
)
@pytest.mark.parametrize("kind", ["http", "websocket"])
async def test_standalone_is_for_this_machine(
    configure: Configure, kind: str, headers: list[tuple[bytes, bytes]]
):
    configure()
    scope = {"type": kind, "method": "POST", "path": "/threads", "headers": headers}

    reached, said = await knock(scope)

    assert reached == []
    assert said[0].get("status", said[0].get("code")) == {"http": 401, "websocket": 1008}[kind]


@pytest.mark.parametrize("kind", ["http", "websocket"])
async def test_standalone_lets_this_machine_and_studio_in(configure: Configure, kind: str):
    configure()
    scope = {
        "type": kind,
        "path": "/threads",
        "headers": [*HERE, (b"origin", b"https://smith.langchain.com"), STUDIO_HEADER],
    }

    assert await knock(scope) == ([scope], [])
