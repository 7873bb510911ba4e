"""A stream that is cut is never taken for one that is over."""

import asyncio
from contextlib import aclosing

import httpx
import pytest

from sdk_bridge import Event, RunRequest, RunStarted, StreamInterrupted, Timeouts, Token, connect
from tests.sdk_bridge.recorded_server import (
    RUN_ID,
    RUN_ROW,
    THREAD_ID,
    TOKEN,
    Answer,
    RecordedServer,
    answers,
    connected,
    streams,
    token,
)

REQUEST = RunRequest(on_disconnect="continue", message="hello")
STARTED = RunStarted(RUN_ID, THREAD_ID)
RUNNING = answers(200, {**RUN_ROW, "status": "running"})
OVER = answers(200, RUN_ROW)


async def stream_into(seen: list[Event], server: RecordedServer) -> None:
    """Stream a run, keeping what came before an error too."""
    async with (
        connected(server) as agent_server,
        aclosing(agent_server.acting_as(TOKEN).stream_run(THREAD_ID, REQUEST)) as events,
    ):
        async for event in events:
            seen.append(event)  # noqa: PERF401  # a comprehension loses all of it on an error


@pytest.mark.parametrize(
    ("cut", "status"),
    [
        pytest.param(streams(token("hi"), error=httpx.ReadError("reset")), OVER, id="broken"),
        pytest.param(streams(token("hi"), error=httpx.ReadTimeout("silence")), OVER, id="silent"),
        pytest.param(
            streams(token("hi"), error=httpx.RemoteProtocolError("incomplete")), OVER, id="incomplete"
        ),
        pytest.param(streams(token("hi")), RUNNING, id="closed-quietly"),
        pytest.param(streams(token("hi")), httpx.ConnectError("refused"), id="closed-by-a-dying-server"),
    ],
)
async def test_cut_stream_is_never_taken_for_finished(cut: httpx.Response, status: Answer) -> None:
    seen: list[Event] = []
    server = RecordedServer(cut, status)
    with pytest.raises(StreamInterrupted) as caught:
        await stream_into(seen, server)
    assert seen == [STARTED, Token("m1", "hi")]
    assert (caught.value.run_id, caught.value.last_event_id) == (RUN_ID, "0")
    assert (caught.value.retryable, dict(caught.value.details)) == (True, {"run_id": str(RUN_ID)})
    assert [request.method for request in server.requests].count("POST") == 1


async def test_half_an_event_at_the_end_is_a_cut() -> None:
    async def half(_: httpx.Request) -> httpx.Response:
        headers = {
            "Content-Type": "text/event-stream",
            "Content-Location": f"/threads/{THREAD_ID}/runs/{RUN_ID}",
        }
        return httpx.Response(200, headers=headers, content=b'event: messages\r\ndata: [{"type": "AI')

    with pytest.raises(StreamInterrupted):
        await stream_into([], RecordedServer(half, OVER))


async def test_idle_stream_is_given_up() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n"
            + f"Content-Location: /threads/{THREAD_ID}/runs/{RUN_ID}\r\n\r\n".encode()
        )
        await writer.drain()
        await reader.read()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with connect(f"http://127.0.0.1:{port}", timeouts=Timeouts(stream_idle=0.1)) as agent_server:
            events = agent_server.acting_as(TOKEN).stream_run(THREAD_ID, REQUEST)
            async with aclosing(events):
                assert await anext(events) == STARTED
                with pytest.raises(StreamInterrupted):
                    await anext(events)
