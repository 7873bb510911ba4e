"""An Agent Server that answers from a list, and keeps what it was asked."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any
from uuid import UUID

import httpx

from sdk_bridge import AgentServer, Timeouts, connect

THREAD_ID = UUID("00000000-0000-4000-8000-000000000001")
RUN_ID = UUID("00000000-0000-7000-8000-000000000002")
ATTEMPT_ID = UUID("00000000-0000-7000-8000-000000000003")
TOKEN = "a-very-secret-token"
NOW = "2026-01-02T03:04:05+00:00"

THREAD_ROW = {
    "thread_id": str(THREAD_ID), "status": "idle", "metadata": {"graph_id": "agent"},
    "created_at": NOW, "updated_at": NOW,
}  # fmt: skip
RUN_ROW = {
    "run_id": str(RUN_ID), "thread_id": str(THREAD_ID), "status": "success", "metadata": {},
    "created_at": NOW, "updated_at": NOW,
}  # fmt: skip

Answer = httpx.Response | Exception | Callable[[httpx.Request], Awaitable[httpx.Response]]


class RecordedServer:
    """Gives its answers in their order, the last one for ever."""

    def __init__(self, *answers: Answer) -> None:
        self.requests: list[httpx.Request] = []
        self._answers = list(answers)

    async def handle(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        self.requests.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            return httpx.Response(answer.status_code, headers=answer.headers, stream=answer.stream)
        return await answer(request)

    @property
    def calls(self) -> list[tuple[str, str]]:
        """Method and path of each request."""
        return [(request.method, request.url.path) for request in self.requests]

    def body(self, position: int = -1) -> Any:
        """The JSON that was sent; None for nothing."""
        content = self.requests[position].content
        return json.loads(content) if content else None


def connected(
    server: RecordedServer, *, timeouts: Timeouts | None = None
) -> AbstractAsyncContextManager[AgentServer]:
    """Connect to a recorded server."""
    return connect("http://agent-server", timeouts=timeouts, transport=httpx.MockTransport(server.handle))


def answers(status: int, body: object, **headers: str) -> httpx.Response:
    """An answer in JSON."""
    return httpx.Response(status, json=body, headers=headers)


class EventStream(httpx.AsyncByteStream):
    """Server-sent events, broken off with `error` where one is given."""

    def __init__(self, *parts: tuple[str, object], error: Exception | None = None) -> None:
        self._parts = parts
        self._error = error

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for number, (event, data) in enumerate(self._parts):
            yield f"event: {event}\r\ndata: {json.dumps(data)}\r\nid: {number}\r\n\r\n".encode()
        if self._error is not None:
            raise self._error


def streams(*parts: tuple[str, object], error: Exception | None = None) -> httpx.Response:
    """The answer to a run's creation as a stream."""
    location = f"/threads/{THREAD_ID}/runs/{RUN_ID}"
    return httpx.Response(
        200,
        headers={
            "Content-Type": "text/event-stream; charset=utf-8",
            "Location": f"{location}/stream",
            "Content-Location": location,
        },
        stream=EventStream(*parts, error=error),
    )


def token(text: str, *, node: str = "call_model") -> tuple[str, object]:
    """A streamed piece of an answer."""
    return "messages", [{"type": "AIMessageChunk", "id": "m1", "content": text}, {"langgraph_node": node}]
