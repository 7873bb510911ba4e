"""What becomes of errors: statuses, time-outs, broken connections, and how often a call is repeated."""

import asyncio
import time
import traceback
from contextlib import aclosing

import httpx
import pytest

from sdk_bridge import (
    Bridge,
    BridgeError,
    Conflict,
    InvalidRequest,
    LimitReached,
    NotFound,
    Refused,
    RunNotFound,
    RunRejected,
    RunRequest,
    ServerBusy,
    ServerFailed,
    ServerTimedOut,
    ServerUnreachable,
    ThreadDeleted,
    ThreadNotFound,
    Timeouts,
    connect,
)
from tests.ports import free_ports
from tests.sdk_bridge.recorded_server import (
    RUN_ID,
    RUN_ROW,
    THREAD_ID,
    THREAD_ROW,
    TOKEN,
    RecordedServer,
    answers,
    connected,
)

LIMIT = '{"code": "limit_reached", "message": "Enough.", "details": {"used": 5}}'
REQUEST = RunRequest(on_disconnect="continue", message="hello")


@pytest.mark.parametrize(
    ("status", "detail", "error_class", "code", "message"),
    [
        pytest.param(400, "bad value", InvalidRequest, "invalid_request", "bad value", id="400"),
        pytest.param(401, "unknown token", Refused, "refused", "unknown token", id="401"),
        pytest.param(403, "Forbidden", Refused, "refused", "Forbidden", id="403"),
        pytest.param(
            404, "no such row", ThreadNotFound, "thread_not_found", "The thread does not exist.", id="404"
        ),
        pytest.param(
            404,
            '{"code": "assistant_not_found", "message": "No such assistant."}',
            NotFound,
            "assistant_not_found",
            "No such assistant.",
            id="404-of-something-else",
        ),
        pytest.param(409, "busy", Conflict, "conflict", "busy", id="409"),
        pytest.param(410, "gone", ThreadDeleted, "thread_deleted", "gone", id="410"),
        pytest.param(413, "too big", InvalidRequest, "invalid_request", "too big", id="413"),
        pytest.param(418, "tea", InvalidRequest, "invalid_request", "tea", id="other-4xx"),
        pytest.param(422, "no graph", InvalidRequest, "invalid_request", "no graph", id="422"),
        pytest.param(
            500,
            "Traceback: secret",
            ServerFailed,
            "agent_server_failed",
            "The Agent Server failed.",
            id="500",
        ),
        pytest.param(429, LIMIT, LimitReached, "limit_reached", "Enough.", id="limit"),
        pytest.param(
            409,
            '{"code": "session_archived", "message": "Restore it."}',
            Conflict,
            "session_archived",
            "Restore it.",
            id="code-of-the-control-plane",
        ),
        pytest.param(
            402,
            '{"code": "unpaid", "message": "Pay."}',
            RunRejected,
            "unpaid",
            "Pay.",
            id="code-without-class",
        ),
    ],
)
async def test_final_refusal_is_translated_and_not_repeated(
    status: int, detail: str, error_class: type[BridgeError], code: str, message: str
) -> None:
    server = RecordedServer(answers(status, {"detail": detail}))
    with pytest.raises(error_class) as caught:
        async with connected(server) as agent_server:
            await agent_server.acting_as(TOKEN).get_thread(THREAD_ID)
    assert (type(caught.value), caught.value.code, caught.value.message) == (error_class, code, message)
    assert not caught.value.retryable
    assert len(server.requests) == 1


async def test_details_and_fields_of_the_control_plane_come_through() -> None:
    detail = '{"code": "x", "message": "m", "details": {"used": 5}, "fields": {"model": ["unknown"]}}'
    server = RecordedServer(answers(422, {"detail": detail}))
    with pytest.raises(InvalidRequest) as caught:
        async with connected(server) as agent_server:
            await agent_server.acting_as(TOKEN).start_run(THREAD_ID, REQUEST)
    assert dict(caught.value.details) == {"used": 5}
    assert dict(caught.value.fields) == {"model": ["unknown"]}


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(answers(429, {"detail": "slow down"}), id="429"),
        pytest.param(answers(502, {"detail": "bad gateway"}), id="502"),
        pytest.param(answers(503, {"detail": "overloaded"}), id="503"),
        pytest.param(answers(504, {"detail": "gateway time-out"}), id="504"),
        pytest.param(httpx.ConnectError("refused"), id="no-connection"),
        pytest.param(httpx.ReadError("reset"), id="broken-connection"),
    ],
)
async def test_passing_trouble_is_overcome_by_repeating(trouble: httpx.Response | Exception) -> None:
    server = RecordedServer(trouble, trouble, answers(200, THREAD_ROW))
    async with connected(server) as agent_server:
        assert (await agent_server.acting_as(TOKEN).get_thread(THREAD_ID)).id == THREAD_ID
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("trouble", "error_class"),
    [
        pytest.param(answers(503, {"detail": "overloaded"}), ServerBusy, id="503"),
        pytest.param(httpx.ConnectError("refused"), ServerUnreachable, id="no-connection"),
        pytest.param(httpx.ConnectTimeout("silence"), ServerUnreachable, id="connect-time-out"),
        pytest.param(httpx.PoolTimeout("crowded"), ServerTimedOut, id="pool-time-out"),
    ],
)
async def test_lasting_trouble_is_raised_after_three_attempts(
    trouble: httpx.Response | Exception, error_class: type[BridgeError]
) -> None:
    server = RecordedServer(trouble)
    with pytest.raises(error_class) as caught:
        async with connected(server) as agent_server:
            await agent_server.acting_as(TOKEN).get_thread(THREAD_ID)
    assert caught.value.retryable
    assert len(server.requests) == 3


async def test_long_pause_that_the_server_asks_for_is_left_to_the_caller() -> None:
    server = RecordedServer(answers(503, {"detail": "overloaded"}, **{"Retry-After": "30"}))
    with pytest.raises(ServerBusy) as caught:
        async with connected(server) as agent_server:
            await agent_server.acting_as(TOKEN).get_thread(THREAD_ID)
    assert caught.value.retry_after == 30.0
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(answers(503, {"detail": "overloaded"}), id="503"),
        pytest.param(httpx.ReadError("reset"), id="broken-connection"),
    ],
)
async def test_run_is_never_started_twice(trouble: httpx.Response | Exception) -> None:
    server = RecordedServer(trouble, answers(200, RUN_ROW))
    async with connected(server) as agent_server:
        bridge = agent_server.acting_as(TOKEN)
        with pytest.raises(BridgeError):
            await bridge.start_run(THREAD_ID, REQUEST)
    assert len(server.requests) == 1


async def test_stream_that_cannot_be_opened_is_not_opened_again() -> None:
    server = RecordedServer(answers(503, {"detail": "overloaded"}))
    async with connected(server) as agent_server:
        with pytest.raises(ServerBusy):
            await anext(agent_server.acting_as(TOKEN).stream_run(THREAD_ID, REQUEST))
    assert len(server.requests) == 1


async def never(request: httpx.Request) -> httpx.Response:
    await asyncio.Event().wait()
    raise AssertionError("unreachable")


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda bridge: bridge.get_thread(THREAD_ID), id="get-thread"),
        pytest.param(lambda bridge: bridge.start_run(THREAD_ID, REQUEST), id="start-run"),
        pytest.param(lambda bridge: anext(bridge.stream_run(THREAD_ID, REQUEST)), id="stream-run"),
        pytest.param(lambda bridge: anext(bridge.join_run(THREAD_ID, RUN_ID)), id="join-run"),
        pytest.param(lambda bridge: bridge.cancel_run(THREAD_ID, RUN_ID), id="cancel-run"),
    ],
)
async def test_silent_server_times_out(call) -> None:
    server = RecordedServer(never)
    started = time.monotonic()
    async with connected(server, timeouts=Timeouts(request=0.1, run=0.2)) as agent_server:
        with pytest.raises(ServerTimedOut):
            await call(agent_server.acting_as(TOKEN))
    assert time.monotonic() - started < 1
    assert len(server.requests) == 1


async def test_waiting_for_a_run_is_bounded() -> None:
    server = RecordedServer(answers(200, {**RUN_ROW, "status": "running"}), never)
    async with connected(server, timeouts=Timeouts(run=0.1)) as agent_server:
        with pytest.raises(ServerTimedOut):
            await agent_server.acting_as(TOKEN).wait_for_run(THREAD_ID, RUN_ID)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"<html>", id="no-json"),
        pytest.param(b"{}", id="fields-missing"),
        pytest.param(b"[]", id="list-for-object"),
        pytest.param(b"null", id="null"),
    ],
)
async def test_answer_that_makes_no_sense_is_the_servers_failure(body: bytes) -> None:
    server = RecordedServer(httpx.Response(200, content=body))
    async with connected(server) as agent_server:
        with pytest.raises(ServerFailed):
            await agent_server.acting_as(TOKEN).get_thread(THREAD_ID)


async def test_value_that_is_no_json_is_the_callers_mistake() -> None:
    server = RecordedServer(answers(200, RUN_ROW))
    request = RunRequest(on_disconnect="continue", resume=object())
    async with connected(server) as agent_server:
        with pytest.raises(InvalidRequest):
            await agent_server.acting_as(TOKEN).start_run(THREAD_ID, request)
    assert server.requests == []


async def test_missing_run_is_told_from_a_missing_thread() -> None:
    server = RecordedServer(answers(404, {"detail": "Not Found"}))
    async with connected(server) as agent_server:
        bridge = agent_server.acting_as(TOKEN)
        with pytest.raises(RunNotFound):
            await bridge.get_run(THREAD_ID, RUN_ID)
        with pytest.raises(ThreadNotFound):
            await bridge.list_runs(THREAD_ID)


async def test_no_token_in_what_an_error_shows() -> None:
    server = RecordedServer(answers(401, {"detail": "unknown token"}))
    with pytest.raises(Refused) as caught:
        async with connected(server) as agent_server:
            await agent_server.acting_as(TOKEN).get_thread(THREAD_ID)
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + str(caught.value)
    assert TOKEN not in shown


async def test_dead_server_is_unreachable_within_seconds() -> None:
    started = time.monotonic()
    async with connect(f"http://127.0.0.1:{free_ports(1)[0]}") as agent_server:
        bridge = agent_server.acting_as(TOKEN)
        assert not await bridge.is_alive()
        with pytest.raises(ServerUnreachable):
            await bridge.get_thread(THREAD_ID)
        with pytest.raises(ServerUnreachable):
            await anext(bridge.stream_run(THREAD_ID, REQUEST))
    assert time.monotonic() - started < 3


async def test_cancelling_the_caller_is_no_time_out() -> None:
    server = RecordedServer(never)
    async with connected(server) as agent_server:
        call = asyncio.create_task(agent_server.acting_as(TOKEN).get_thread(THREAD_ID))
        await asyncio.sleep(0.01)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call


async def test_abandoned_opening_of_a_stream_leaves_no_task() -> None:
    server = RecordedServer(never)
    async with connected(server) as agent_server:
        bridge: Bridge = agent_server.acting_as(TOKEN)
        async with aclosing(bridge.stream_run(THREAD_ID, REQUEST)) as events:
            opening = asyncio.create_task(anext(events))
            await asyncio.sleep(0.01)
            opening.cancel()
            with pytest.raises(asyncio.CancelledError):
                await opening
    assert asyncio.all_tasks() == {asyncio.current_task()}
