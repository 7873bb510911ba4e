"""What goes to an MCP server and what is taken from it: headers, redirects, sizes, and results as text."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from mcp import types

from graphs.agent.context import RemoteTool
from graphs.agent.tools.remote import NOT_HERE, remote_tools
from graphs.control_plane import ToolConnection
from graphs.mcp_servers.calls import call
from graphs.mcp_servers.errors import ServerUnreachable
from graphs.mcp_servers.results import LONGEST_RESULT, text_of
from tests.graphs.mcp_servers.conftest import LOOPBACK

HELLO = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "serverInfo": {"name": "small", "version": "1"},
}


@dataclass
class SmallServer:
    """Answers in plain JSON; remembers the headers it got, and can lead elsewhere or answer at length."""

    url: str = ""
    said: str = "fine"
    leads_to: str = ""
    packed_as: str = ""
    seen: list[dict[str, str]] = field(default_factory=list)


@pytest.fixture
def small() -> Iterator[SmallServer]:
    """The server, on loopback."""
    server = SmallServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            server.seen.append({name.lower(): value for name, value in self.headers.items()})
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if server.leads_to:
                self._answer(307, b"", Location=server.leads_to)
            elif "id" not in asked:
                self._answer(202, b"")
            else:
                result = HELLO if asked["method"] == "initialize" else content_of(server.said)
                body = json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": result}).encode()
                packed = {"Content-Encoding": server.packed_as} if server.packed_as else {}
                self._answer(200, body, **{"Content-Type": "application/json", **packed})

        def do_GET(self) -> None:
            self._answer(405, b"")

        def _answer(self, status: int, body: bytes, **headers: str) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.url = f"http://127.0.0.1:{http.server_port}/mcp"
    Thread(target=http.serve_forever, daemon=True).start()
    yield server
    http.shutdown()
    http.server_close()


def content_of(text: str) -> dict[str, object]:
    return {"content": [{"type": "text", "text": text}]}


def to(server: SmallServer) -> ToolConnection:
    return ToolConnection(
        slug="small",
        transport="streamable_http",
        url=server.url,
        remote_name="anything",
        headers={"Authorization": "Bearer a-secret"},  # type: ignore[dict-item]  # pydantic wraps it
        private_networks=LOOPBACK,
        timeout_seconds=5,
    )


async def test_headers_go_along_and_are_shown_nowhere(small: SmallServer) -> None:
    assert text_of(await call(to(small), {})) == "fine"

    assert {seen["authorization"] for seen in small.seen} == {"Bearer a-secret"}
    assert "a-secret" not in repr(to(small))


async def test_redirect_to_another_host_is_not_followed(small: SmallServer) -> None:
    small.leads_to = small.url.replace("127.0.0.1", "localhost")

    with pytest.raises(ServerUnreachable):
        await call(to(small), {})
    assert len(small.seen) == 1


@pytest.mark.parametrize(
    ("said", "packed_as"), [("x" * 6_000_000, ""), ("fine", "gzip")], ids=["huge", "packed"]
)
async def test_answer_without_bounds_is_not_taken(small: SmallServer, said: str, packed_as: str) -> None:
    small.said, small.packed_as = said, packed_as

    with pytest.raises(ServerUnreachable):
        await call(to(small), {})


def test_every_kind_of_content_becomes_text() -> None:
    result = types.CallToolResult.model_validate(
        {
            "content": [
                {"type": "text", "text": "nul\0"},
                {"type": "image", "data": "A" * 4096, "mimeType": "image/png"},
                {"type": "resource_link", "name": "notes", "uri": "file:///notes"},
                {"type": "resource", "resource": {"uri": "file:///a", "text": "inside"}},
            ]
        }
    )

    assert text_of(result).splitlines() == [
        "nul",
        "[image of image/png, 3 kB, not shown]",
        "[resource notes: file:///notes]",
        "inside",
    ]
    assert text_of(types.CallToolResult(content=[], structuredContent={"a": 1})) == '{"a": 1}'


def test_long_result_is_cut_and_says_so() -> None:
    text = text_of(types.CallToolResult.model_validate(content_of("x" * (LONGEST_RESULT + 1))))

    assert text.startswith("x" * LONGEST_RESULT + "\n[cut:")


async def test_without_a_connection_the_model_is_told() -> None:
    [tool] = remote_tools([RemoteTool(name="web__echo")])

    said = await tool.ainvoke(
        {"type": "tool_call", "id": "1", "name": "web__echo", "args": {"message": "tea"}}
    )

    assert (said.content, said.status) == (NOT_HERE, "error")
