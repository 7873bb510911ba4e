"""What is made of a stream's parts, known or not."""

import asyncio
import logging
from contextlib import aclosing

import httpx
import pytest

from sdk_bridge import (
    Event,
    Interrupted,
    MessageCompleted,
    PendingInterrupt,
    Reasoning,
    RunEnded,
    RunFailed,
    RunNotFound,
    RunRequest,
    RunStarted,
    ServerFailed,
    ThreadNotFound,
    Token,
)
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
ENDED = RunEnded(RUN_ID, "success")
RUNNING = answers(200, {**RUN_ROW, "status": "running"})
OVER = answers(200, RUN_ROW)


async def streamed(*replies: Answer) -> list[Event]:
    """Stream a run against a server that gives these answers."""
    async with (
        connected(RecordedServer(*replies)) as agent_server,
        aclosing(agent_server.acting_as(TOKEN).stream_run(THREAD_ID, REQUEST)) as events,
    ):
        return [event async for event in events]


def updates(**written: object) -> tuple[str, object]:
    return "updates", written


def ai(text: str = "hi", **changes: object) -> dict[str, object]:
    return {"type": "ai", "id": "m1", "content": text, **changes}


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        pytest.param([("metadata", {"run_id": str(RUN_ID), "attempt": 2})], [], id="metadata"),
        pytest.param([token("hi")], [Token("m1", "hi")], id="token"),
        pytest.param([token("hi", node="summarize")], [], id="token-of-another-node"),
        pytest.param([token("")], [], id="empty-token"),
        pytest.param(
            [("messages", [ai("whole"), {"langgraph_node": "call_model"}])],
            [Token("m1", "whole")],
            id="model-that-does-not-stream",
        ),
        pytest.param(
            [token("hi"), ("messages", [ai("hi"), {"langgraph_node": "call_model"}])],
            [Token("m1", "hi")],
            id="whole-message-after-its-tokens",
        ),
        pytest.param(
            [("messages", [{"type": "human", "content": "x"}, {"langgraph_node": "call_model"}])],
            [],
            id="human-message-within-a-node",
        ),
        pytest.param([updates(summarize=None)], [], id="node-without-update"),
        pytest.param([updates(budget={"context": {}})], [], id="update-without-messages"),
        pytest.param([updates(trim={"messages": [{"type": "remove", "id": "m0"}]})], [], id="removal"),
        pytest.param(
            [
                (
                    "messages",
                    [
                        {
                            "type": "AIMessageChunk",
                            "id": "m1",
                            "content": "",
                            "additional_kwargs": {"reasoning_content": "Hm."},
                        },
                        {"langgraph_node": "call_model"},
                    ],
                )
            ],
            [Reasoning("m1", "Hm.")],
            id="reasoning",
        ),
        pytest.param(
            [("updates", {"__interrupt__": [{"id": "i1", "value": {"q": 1}}]})],
            [Interrupted((PendingInterrupt("i1", {"q": 1}),))],
            id="interrupt",
        ),
        pytest.param(
            [("error", {"error": "ModelTimedOut", "message": "An internal error occurred"})],
            [RunFailed("model_timed_out", "The model took too long to answer.", retryable=True)],
            id="hidden-message",
        ),
        pytest.param(
            [("error", {"error": "LimitReached", "message": "Enough for today."})],
            [RunFailed("limit_reached", "Enough for today.")],
            id="open-message",
        ),
        pytest.param(
            [("error", {"error": "LimitReached", "message": '{"message": "Enough.", "details": {"n": 5}}'})],
            [RunFailed("limit_reached", "Enough.", details={"n": 5})],
            id="message-with-details",
        ),
        pytest.param(
            [("error", {"error": "KeyError", "message": "'hunter2'"})],
            [RunFailed("run_failed", "The run failed.")],
            id="unknown-error",
        ),
    ],
)  # fmt: skip
async def test_parts_become_events(parts: list[tuple[str, object]], expected: list[Event]) -> None:
    started, *between, ended = await streamed(streams(*parts), OVER)
    assert (started, ended) == (STARTED, ENDED)
    assert between == expected


async def test_updates_of_parallel_tasks_come_one_by_one() -> None:
    parallel = updates(tools=[{"messages": [ai("a")]}, {"messages": ai("b")}])
    events = await streamed(streams(parallel), OVER)
    assert [event.message.text for event in events if isinstance(event, MessageCompleted)] == ["a", "b"]


@pytest.mark.parametrize(
    "part",
    [
        pytest.param(("telemetry", {"cpu": 1}), id="unknown-event"),
        pytest.param(("messages", {"not": "a pair"}), id="unknown-shape"),
        pytest.param(("updates|sub:1", {"call_model": None}), id="subgraph"),
    ],
)
async def test_unknown_parts_are_logged_and_passed_over(
    part: tuple[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, logger="sdk_bridge"):
        assert await streamed(streams(part, token("hi")), OVER) == [STARTED, Token("m1", "hi"), ENDED]
    assert [record.message for record in caplog.records] == ["unknown stream part passed over"]


async def test_only_the_last_event_of_a_part_carries_its_id() -> None:
    call = {"id": "c1", "name": "lookup", "args": {}}
    events = await streamed(
        streams(token("hi"), updates(call_model={"messages": [ai(tool_calls=[call])]})), OVER
    )
    assert [event.event_id for event in events] == [None, "0", None, "1", None]


async def test_run_is_announced_before_its_first_part() -> None:
    first_part = asyncio.Event()

    class Waiting(httpx.AsyncByteStream):
        async def __aiter__(self):
            await first_part.wait()
            yield b"event: metadata\r\ndata: {}\r\n\r\n"

    opened = streams()
    waiting = httpx.Response(200, headers=opened.headers, stream=Waiting())
    server = RecordedServer(waiting, OVER)
    async with connected(server) as agent_server:
        events = agent_server.acting_as(TOKEN).stream_run(THREAD_ID, REQUEST)
        async with aclosing(events):
            assert await asyncio.wait_for(anext(events), 1) == STARTED
            first_part.set()
            assert [event async for event in events] == [ENDED]


@pytest.mark.parametrize(
    ("said", "error_class"),
    [
        pytest.param("404: Thread not found", ThreadNotFound, id="thread"),
        pytest.param("404: Run not found", RunNotFound, id="run"),
        pytest.param("500: Internal Server Error", ServerFailed, id="failure"),
    ],
)
async def test_refusal_within_a_stream_is_raised(said: str, error_class: type[Exception]) -> None:
    refusal = streams(("error", {"error": "HTTPException", "message": said}))
    server = RecordedServer(RUNNING, refusal)
    async with connected(server) as agent_server:
        events = agent_server.acting_as(TOKEN).join_run(THREAD_ID, RUN_ID)
        async with aclosing(events):
            assert await anext(events) == STARTED
            with pytest.raises(error_class):
                await anext(events)


async def test_failure_that_the_stream_missed_is_asked_for() -> None:
    failed = answers(200, {**RUN_ROW, "status": "error"})
    outcome = answers(200, {"__error__": {"error": "ModelFailed", "message": "An internal error occurred"}})
    assert await streamed(streams(), failed, failed, outcome, failed) == [
        STARTED,
        RunFailed("model_failed", "The model failed to answer.", retryable=True),
        RunEnded(RUN_ID, "error"),
    ]


async def test_run_that_was_rolled_back_under_its_stream_is_interrupted() -> None:
    assert await streamed(streams(), answers(404, {"detail": "Not Found"})) == [
        STARTED,
        RunEnded(RUN_ID, "interrupted"),
    ]


async def test_answer_that_names_no_run_is_the_servers_failure() -> None:
    async def nameless(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"Content-Type": "text/event-stream"}, content=b"")

    with pytest.raises(ServerFailed):
        await streamed(nameless)


async def test_stream_that_is_no_stream_is_not_followed() -> None:
    with pytest.raises(ServerFailed):
        await streamed(answers(200, {"a": "page"}))
