"""What holds for streams of runs on every server."""

from contextlib import aclosing
from uuid import uuid4

import pytest

from sdk_bridge import (
    Bridge,
    BridgeError,
    Conflict,
    Event,
    Interrupted,
    InvalidRequest,
    LimitReached,
    MessageCompleted,
    PendingInterrupt,
    Refused,
    RunEnded,
    RunFailed,
    RunStarted,
    ServerBusy,
    ThreadDeleted,
    Token,
    ToolCall,
    ToolResult,
)
from tests.sdk_bridge.run_requests import saying, stream


def text_of(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, Token))


def kinds_of(events: list[Event]) -> list[str]:
    """The kinds of events in their order, tokens in a row as one."""
    kinds: list[str] = []
    for event in events:
        if not (isinstance(event, Token) and kinds and kinds[-1] == "Token"):
            kinds.append(type(event).__name__)
    return kinds


async def test_answer_comes_token_by_token_and_then_whole(alice: Bridge) -> None:
    thread_id = uuid4()
    events = await stream(alice, "hello there", thread_id=thread_id)
    started, *_, completed, ended = events
    assert kinds_of(events) == ["RunStarted", "Token", "MessageCompleted", "RunEnded"]
    assert isinstance(started, RunStarted)
    assert isinstance(completed, MessageCompleted)
    assert started.thread_id == thread_id
    assert ended == RunEnded(started.run_id, "success")
    assert [event.text for event in events if isinstance(event, Token)] == [
        "You",
        " said",
        " hello",
        " there",
    ]
    assert {event.message_id for event in events if isinstance(event, Token)} == {completed.message.id}
    assert (completed.message.role, completed.message.text) == ("ai", "You said hello there")


async def test_streamed_message_is_the_one_in_the_history(alice: Bridge) -> None:
    thread_id = uuid4()
    events = await stream(alice, "hello", thread_id=thread_id)
    completed = [event.message for event in events if isinstance(event, MessageCompleted)]
    assert list((await alice.read_history(thread_id)).messages[1:]) == completed


@pytest.mark.parametrize(
    ("asked", "name", "arguments", "content", "is_error"),
    [
        pytest.param("use the tool", "lookup", {"query": "answer"}, "42", False, id="working-tool"),
        pytest.param("use the broken tool", "broken", {}, "out of order", True, id="broken-tool"),
    ],
)
async def test_tool_is_called_and_answers(
    alice: Bridge, asked: str, name: str, arguments: dict[str, object], content: str, is_error: bool
) -> None:
    events = await stream(alice, asked)
    assert kinds_of(events) == [
        "RunStarted",
        "ToolCall",
        "MessageCompleted",
        "ToolResult",
        "MessageCompleted",
        "Token",
        "MessageCompleted",
        "RunEnded",
    ]
    (call,) = (event for event in events if isinstance(event, ToolCall))
    (result,) = (event for event in events if isinstance(event, ToolResult))
    assert (call.tool_call_id, call.name, dict(call.arguments)) == ("call-1", name, arguments)
    assert result == ToolResult("result-of-call-1", "call-1", name, content, is_error=is_error)


async def test_only_the_answers_own_tokens_are_visible(alice: Bridge) -> None:
    assert text_of(await stream(alice, "summarize first")) == "You said summarize first"


async def test_content_blocks_come_as_text(alice: Bridge) -> None:
    events = await stream(alice, "speak in blocks")
    (completed,) = (event for event in events if isinstance(event, MessageCompleted))
    assert (text_of(events), completed.message.text) == ("Block text.", "Block text.")


async def test_interrupted_run_waits_and_is_resumed(alice: Bridge) -> None:
    thread_id = uuid4()
    asked = await stream(alice, "ask me", thread_id=thread_id)
    assert kinds_of(asked) == ["RunStarted", "Interrupted", "RunEnded"]
    assert isinstance(asked[1], Interrupted)
    (interrupt,) = asked[1].interrupts
    assert interrupt.value == {"question": "Which one?"}
    assert (await alice.get_thread(thread_id)).status == "interrupted"
    assert (await alice.read_history(thread_id)).interrupts == (
        PendingInterrupt(interrupt.id, interrupt.value),
    )

    answered = await stream(alice, thread_id=thread_id, resume="red")
    assert text_of(answered) == "You answered red."
    history = await alice.read_history(thread_id)
    assert [message.text for message in history.messages] == ["ask me", "You answered red."]
    assert history.interrupts == ()


@pytest.mark.parametrize(
    ("asked", "failure"),
    [
        pytest.param(
            "fail with a limit", RunFailed("limit_reached", "A usage limit is reached."), id="final"
        ),
        pytest.param(
            "fail without a model",
            RunFailed("model_unreachable", "The model could not be reached.", retryable=True),
            id="retryable",
        ),
        pytest.param("fail somehow", RunFailed("run_failed", "The run failed."), id="unknown"),
    ],
)
async def test_failure_is_an_event_and_says_nothing_secret(
    alice: Bridge, asked: str, failure: RunFailed
) -> None:
    thread_id = uuid4()
    started, *between, failed, ended = await stream(alice, asked, thread_id=thread_id)
    assert isinstance(started, RunStarted)
    assert (between, failed, ended) == ([], failure, RunEnded(started.run_id, "error"))
    assert (await alice.get_thread(thread_id)).status == "error"


@pytest.mark.parametrize(
    ("model", "error_class", "code"),
    [
        pytest.param("refuse:limit", LimitReached, "limit_reached", id="limit"),
        pytest.param("refuse:deleted", ThreadDeleted, "thread_deleted", id="deleted"),
        pytest.param("refuse:archived", Conflict, "session_archived", id="archived"),
        pytest.param("refuse:inactive", Refused, "user_inactive", id="inactive"),
        pytest.param("refuse:invalid", InvalidRequest, "validation_failed", id="invalid"),
        pytest.param("refuse:unreachable", ServerBusy, "agent_server_busy", id="unreachable"),
    ],
)
async def test_refused_admission_is_raised_before_the_first_event(
    alice: Bridge, model: str, error_class: type[BridgeError], code: str
) -> None:
    thread_id = uuid4()
    await alice.create_thread(thread_id)
    with pytest.raises(error_class) as caught:
        await anext(alice.stream_run(thread_id, saying("hello", model=model)))
    assert (type(caught.value), caught.value.code) == (error_class, code)
    assert await alice.list_runs(thread_id) == ()


async def test_refusal_names_the_fields(alice: Bridge) -> None:
    with pytest.raises(InvalidRequest) as caught:
        await stream(alice, "hello", model="refuse:invalid")
    assert dict(caught.value.fields) == {"model": ["unknown"]}


async def test_leaving_a_stream_cancels_the_run_where_that_was_asked(alice: Bridge) -> None:
    thread_id = uuid4()
    run_id = await leave_midway(alice, thread_id, on_disconnect="cancel")
    assert (await alice.wait_for_run(thread_id, run_id)).status == "interrupted"


async def test_leaving_a_stream_lets_the_run_go_on_where_that_was_asked(alice: Bridge) -> None:
    thread_id = uuid4()
    run_id = await leave_midway(alice, thread_id, on_disconnect="continue")
    assert (await alice.get_run(thread_id, run_id)).status == "running"
    await alice.cancel_run(thread_id, run_id)


async def leave_midway(bridge: Bridge, thread_id, **changes):
    async with aclosing(bridge.stream_run(thread_id, saying("be slow", **changes))) as events:
        started = await anext(events)
        async for event in events:
            if isinstance(event, Token):
                return started.run_id
    raise AssertionError("the run ended without a token")


async def test_leaving_a_join_never_cancels_the_run(alice: Bridge) -> None:
    thread_id = uuid4()
    run_id = await leave_midway(alice, thread_id, on_disconnect="continue")
    async with aclosing(alice.join_run(thread_id, run_id)) as events:
        assert await anext(events) == RunStarted(run_id, thread_id)
        assert isinstance(await anext(events), Token)
    assert (await alice.get_run(thread_id, run_id)).status == "running"
    await alice.cancel_run(thread_id, run_id)


async def test_joining_after_an_event_brings_all_that_followed(alice: Bridge) -> None:
    thread_id = uuid4()
    events = await stream(alice, "count", thread_id=thread_id, stream_resumable=True)
    started, _, _, third, *rest = events
    assert isinstance(started, RunStarted)
    assert third.event_id is not None
    joined = alice.join_run(thread_id, started.run_id, last_event_id=third.event_id)
    async with aclosing(joined) as repeated:
        assert [event async for event in repeated] == [started, *rest]
    assert text_of(rest) == " 4 5"


async def test_joining_a_run_that_is_over_tells_how_it_ended(alice: Bridge) -> None:
    thread_id = uuid4()
    handle = await alice.start_run(thread_id, saying("fail with a limit"))
    await alice.wait_for_run(thread_id, handle.run_id)
    async with aclosing(alice.join_run(thread_id, handle.run_id)) as events:
        assert [event async for event in events] == [
            RunStarted(handle.run_id, thread_id),
            RunFailed("limit_reached", "A usage limit is reached."),
            RunEnded(handle.run_id, "error"),
        ]


async def test_cancelling_ends_the_stream_of_the_run(alice: Bridge, service: Bridge) -> None:
    thread_id = uuid4()
    async with aclosing(alice.stream_run(thread_id, saying("be slow"))) as events:
        seen: list[Event] = []
        async for event in events:
            if isinstance(event, Token) and not any(isinstance(one, Token) for one in seen):
                await service.cancel_run(thread_id, seen[0].run_id)
            seen.append(event)
    assert seen[-1] == RunEnded(seen[0].run_id, "interrupted")
