"""What goes over the wire: method, path, query, body and headers of each call."""

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from uuid import UUID

import httpx
import pytest

from sdk_bridge import Bridge, RunRequest
from tests.sdk_bridge.recorded_server import (
    ATTEMPT_ID,
    RUN_ID,
    RUN_ROW,
    THREAD_ID,
    THREAD_ROW,
    TOKEN,
    RecordedServer,
    answers,
    connected,
    streams,
)

THREAD = f"/threads/{THREAD_ID}"
RUN = f"{THREAD}/runs/{RUN_ID}"
BACKGROUND = RunRequest(on_disconnect="continue", message="hello")
RUN_BODY = {
    "assistant_id": "agent",
    "input": {"messages": [{"type": "human", "content": "hello"}]},
    "stream_mode": ["messages-tuple", "updates"],
    "stream_subgraphs": False,
    "stream_resumable": False,
    "if_not_exists": "reject",
    "multitask_strategy": "reject",
}

CALLS = [
    pytest.param(
        lambda bridge: bridge.create_thread(THREAD_ID, metadata={"a": 1}),
        answers(200, THREAD_ROW),
        ("POST", "/threads"),
        {
            "thread_id": str(THREAD_ID),
            "metadata": {"a": 1, "graph_id": "agent"},
            "if_exists": "do_nothing",
        },
        id="create-thread",
    ),
    pytest.param(
        lambda bridge: bridge.restore_thread(THREAD_ID, graph_id="other"),
        answers(200, THREAD_ROW),
        ("POST", "/threads"),
        {"thread_id": str(THREAD_ID), "metadata": {"graph_id": "other"}, "if_exists": "do_nothing"},
        id="restore-thread",
    ),
    pytest.param(
        lambda bridge: bridge.restore_thread(THREAD_ID, owner_id=UUID(int=7)),
        answers(200, THREAD_ROW),
        ("POST", "/threads"),
        {
            "thread_id": str(THREAD_ID),
            "metadata": {"owner": str(UUID(int=7)), "graph_id": "agent"},
            "if_exists": "do_nothing",
        },
        id="restore-thread-of-another",
    ),
    pytest.param(
        lambda bridge: bridge.get_thread(THREAD_ID),
        answers(200, THREAD_ROW),
        ("GET", THREAD),
        None,
        id="get-thread",
    ),
    pytest.param(
        lambda bridge: bridge.list_threads(limit=5, offset=10, owner_id=UUID(int=7)),
        answers(200, [THREAD_ROW]),
        ("POST", "/threads/search"),
        {
            "metadata": {"owner": str(UUID(int=7))},
            "limit": 5,
            "offset": 10,
            "sort_by": "created_at",
            "sort_order": "asc",
            "select": ["thread_id", "status", "metadata", "created_at", "updated_at"],
        },
        id="list-threads",
    ),
    pytest.param(
        lambda bridge: bridge.delete_thread(THREAD_ID),
        httpx.Response(204),
        ("DELETE", THREAD),
        None,
        id="delete-thread",
    ),
    pytest.param(
        lambda bridge: bridge.read_history(THREAD_ID),
        answers(200, {"values": {}}),
        ("GET", f"{THREAD}/state"),
        None,
        id="read-history",
    ),
    pytest.param(
        lambda bridge: bridge.read_history(THREAD_ID, checkpoint_id=RUN_ID),
        answers(200, {"values": {}}),
        ("POST", f"{THREAD}/state/checkpoint"),
        {
            "checkpoint": {
                "thread_id": str(THREAD_ID),
                "checkpoint_ns": "",
                "checkpoint_id": str(RUN_ID),
                "checkpoint_map": {},
            },
            "subgraphs": False,
        },
        id="read-history-at-a-checkpoint",
    ),
    pytest.param(
        lambda bridge: bridge.start_run(THREAD_ID, BACKGROUND),
        answers(200, RUN_ROW),
        ("POST", f"{THREAD}/runs"),
        RUN_BODY,
        id="start-run",
    ),
    pytest.param(
        lambda bridge: bridge.get_run(THREAD_ID, RUN_ID),
        answers(200, RUN_ROW),
        ("GET", RUN),
        None,
        id="get-run",
    ),
    pytest.param(
        lambda bridge: bridge.list_runs(THREAD_ID),
        answers(200, []),
        ("GET", f"{THREAD}/runs"),
        None,
        id="list-runs",
    ),
    pytest.param(
        lambda bridge: bridge.cancel_run(THREAD_ID, RUN_ID),
        answers(200, {}),
        ("POST", f"{RUN}/cancel"),
        None,
        id="cancel-run",
    ),
    pytest.param(
        lambda bridge: bridge.list_usage_records(RUN_ID),
        answers(200, {"items": []}),
        ("POST", "/store/items/search"),
        {"namespace_prefix": ["usage", str(RUN_ID)], "limit": 200, "offset": 0},
        id="list-usage-records",
    ),
    pytest.param(
        lambda bridge: bridge.list_recorded_runs(limit=5, offset=10),
        answers(200, {"namespaces": [["usage", str(RUN_ID)]]}),
        ("POST", "/store/namespaces"),
        {"prefix": ["usage"], "max_depth": 2, "limit": 5, "offset": 10},
        id="list-recorded-runs",
    ),
    pytest.param(
        lambda bridge: bridge.delete_usage_record(RUN_ID, ATTEMPT_ID),
        httpx.Response(204),
        ("DELETE", "/store/items"),
        {"namespace": ["usage", str(RUN_ID)], "key": str(ATTEMPT_ID)},
        id="delete-usage-record",
    ),
    pytest.param(
        lambda bridge: bridge.server_info(),
        answers(200, {"version": "1", "langgraph_py_version": "2"}),
        ("GET", "/info"),
        None,
        id="server-info",
    ),
]


@pytest.mark.parametrize(("call", "answer", "sent", "body"), CALLS)
async def test_call_is_sent_once_in_the_name_of_its_token(
    call: Callable[[Bridge], Awaitable[object]],
    answer: httpx.Response,
    sent: tuple[str, str],
    body: object,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LANGSMITH_API_KEY", "a-key-that-stays-here")
    server = RecordedServer(answer)
    async with connected(server) as agent_server:
        await call(agent_server.acting_as(TOKEN))
    assert server.calls == [sent]
    assert server.body() == body
    assert server.requests[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert "x-api-key" not in server.requests[0].headers


async def test_identities_share_a_connection_but_no_token() -> None:
    server = RecordedServer(answers(200, THREAD_ROW))
    async with connected(server) as agent_server:
        for name in ("first", "second", "first"):
            await agent_server.acting_as(name).get_thread(THREAD_ID)
    sent = [request.headers["authorization"] for request in server.requests]
    assert sent == ["Bearer first", "Bearer second", "Bearer first"]


@pytest.mark.parametrize(
    ("changes", "sent"),
    [
        pytest.param({}, {}, id="nothing-asked"),
        pytest.param(
            {"model": "m", "temperature": 0.0, "max_tokens": 5},
            {"context": {"model": "m", "temperature": 0.0, "max_tokens": 5}},
            id="wishes",
        ),
        pytest.param({"metadata": {"a": 1}}, {"metadata": {"a": 1}}, id="metadata"),
        pytest.param(
            {"message_id": "id-1"},
            {"input": {"messages": [{"type": "human", "content": "hello", "id": "id-1"}]}},
            id="message-id",
        ),
        pytest.param(
            {"multitask_strategy": "enqueue", "if_not_exists": "create", "stream_resumable": True},
            {"multitask_strategy": "enqueue", "if_not_exists": "create", "stream_resumable": True},
            id="choices",
        ),
    ],
)
async def test_stream_is_asked_for_with_all_choices(
    changes: dict[str, object], sent: dict[str, object]
) -> None:
    server = RecordedServer(streams(), answers(200, RUN_ROW))
    request = RunRequest(**{"on_disconnect": "cancel", "message": "hello", **changes})
    async with (
        connected(server) as agent_server,
        aclosing(agent_server.acting_as(TOKEN).stream_run(THREAD_ID, request)) as events,
    ):
        assert [type(event).__name__ async for event in events] == ["RunStarted", "RunEnded"]
    assert server.calls == [("POST", f"{THREAD}/runs/stream"), ("GET", RUN)]
    assert server.body(0) == {**RUN_BODY, "on_disconnect": "cancel", **sent}


async def test_resume_sends_a_command_and_no_input() -> None:
    server = RecordedServer(answers(200, RUN_ROW))
    request = RunRequest(on_disconnect="continue", resume={"approved": True})
    async with connected(server) as agent_server:
        await agent_server.acting_as(TOKEN).start_run(THREAD_ID, request)
    assert server.body()["command"] == {"resume": {"approved": True}}
    assert "input" not in server.body()


@pytest.mark.parametrize(
    ("rollback", "wait", "query"),
    [
        pytest.param(False, True, "wait=1&action=interrupt", id="interrupt"),
        pytest.param(True, False, "wait=0&action=rollback", id="rollback-without-waiting"),
    ],
)
async def test_cancellation_says_how(rollback: bool, wait: bool, query: str) -> None:
    server = RecordedServer(answers(200, {}))
    async with connected(server) as agent_server:
        await agent_server.acting_as(TOKEN).cancel_run(THREAD_ID, RUN_ID, rollback=rollback, wait=wait)
    assert server.requests[0].url.query.decode() == query


async def test_joining_asks_for_what_came_after_the_last_event() -> None:
    server = RecordedServer(answers(200, {**RUN_ROW, "status": "running"}), streams(), answers(200, RUN_ROW))
    async with connected(server) as agent_server:
        joined = agent_server.acting_as(TOKEN).join_run(THREAD_ID, RUN_ID, last_event_id="17-0")
        async with aclosing(joined) as events:
            assert [type(event).__name__ async for event in events] == ["RunStarted", "RunEnded"]
    assert server.calls == [("GET", RUN), ("GET", f"{RUN}/stream"), ("GET", RUN)]
    assert server.requests[1].headers["last-event-id"] == "17-0"
    assert server.requests[1].url.params["cancel_on_disconnect"] == "false"


async def test_health_check_carries_no_token() -> None:
    server = RecordedServer(answers(200, {"ok": True}))
    async with connected(server) as agent_server:
        assert await agent_server.acting_as(TOKEN).is_alive()
    assert server.calls == [("GET", "/ok")]
    assert "authorization" not in server.requests[0].headers
