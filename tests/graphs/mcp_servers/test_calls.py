"""Calls of MCP tools: what comes back, and what becomes of servers that die, hang or are not there."""

import asyncio
import os
import signal
import time

import pytest

from graphs.mcp_servers.calls import call
from graphs.mcp_servers.errors import CallRefused, ServerTooSlow, ServerUnreachable
from graphs.mcp_servers.results import text_of
from tests.graphs.mcp_servers.conftest import over_http, over_stdio
from tests.mcp.everything import LONG_RUNNING, EverythingServer, processes
from tests.ports import free_ports

LONG = {"duration": 60, "steps": 60}


async def until(condition, within: float = 10) -> None:
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110  # processes tell nobody
            await asyncio.sleep(0.02)


async def test_tools_answer_over_http(everything: EverythingServer) -> None:
    echoed = await call(over_http(everything, "echo"), {"message": "tea"})
    summed = await call(over_http(everything, "get-sum"), {"a": 2, "b": 40})

    assert text_of(echoed) == "Echo: tea"
    assert text_of(summed) == "The sum of 2 and 40 is 42."


async def test_tools_answer_over_stdio_and_leave_no_process(mark: str) -> None:
    assert text_of(await call(over_stdio("echo"), {"message": "tea"})) == "Echo: tea"

    assert processes(mark) == []


async def test_program_inherits_none_of_our_secrets(mark: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTROL_PLANE_SECRET", "shared-with-nobody-else")

    assert "shared-with-nobody-else" not in text_of(await call(over_stdio("get-env"), {}))


async def test_wrong_arguments_are_an_error_of_the_tool(everything: EverythingServer) -> None:
    result = await call(over_http(everything, "get-sum"), {"a": "x"})

    assert result.isError
    assert "expected number" in text_of(result)


async def test_server_killed_in_mid_call_over_http_is_noticed_long_before_the_time_is_up(
    killable: EverythingServer,
) -> None:
    calling = asyncio.create_task(call(over_http(killable, LONG_RUNNING, timeout_seconds=60), LONG))
    await asyncio.sleep(1)
    started = time.monotonic()
    killable.kill()

    with pytest.raises(ServerUnreachable):
        await calling
    assert time.monotonic() - started < 10


async def test_program_killed_in_mid_call_is_noticed_at_once(mark: str) -> None:
    calling = asyncio.create_task(call(over_stdio(LONG_RUNNING, timeout_seconds=60), LONG))
    await until(lambda: processes(mark))
    await asyncio.sleep(1)
    started = time.monotonic()
    for pid in processes(mark):
        os.kill(pid, signal.SIGKILL)

    with pytest.raises(ServerUnreachable):
        await calling
    assert time.monotonic() - started < 5
    assert processes(mark) == []


async def test_call_that_takes_too_long_ends_and_its_program_with_it(mark: str) -> None:
    with pytest.raises(ServerTooSlow, match="within 2 seconds"):
        await call(over_stdio(LONG_RUNNING, timeout_seconds=2), LONG)

    assert processes(mark) == []


async def test_call_that_is_cancelled_ends_its_program(mark: str) -> None:
    calling = asyncio.create_task(call(over_stdio(LONG_RUNNING, timeout_seconds=60), LONG))
    await until(lambda: processes(mark))
    calling.cancel()

    with pytest.raises(asyncio.CancelledError):
        await calling
    assert processes(mark) == []


async def test_server_that_hangs_costs_its_time_and_no_more(killable: EverythingServer) -> None:
    killable.freeze()
    started = time.monotonic()

    with pytest.raises(ServerTooSlow):
        await call(over_http(killable, "echo", timeout_seconds=1), {"message": "tea"})
    assert time.monotonic() - started < 5


async def test_server_that_is_not_there_is_said_to_be_so(everything: EverythingServer) -> None:
    away = over_http(everything, "echo").model_copy(
        update={"url": f"http://127.0.0.1:{free_ports(1)[0]}/mcp"}
    )

    with pytest.raises(ServerUnreachable):
        await call(away, {"message": "tea"})


async def test_private_address_is_refused_unless_let_in(everything: EverythingServer) -> None:
    with pytest.raises(ServerUnreachable):
        await call(over_http(everything, "echo", private_networks=[]), {"message": "tea"})


async def test_unknown_program_is_refused(mark: str) -> None:
    with pytest.raises(ServerUnreachable, match="not set up here"):
        await call(over_stdio("echo", slug="other"), {"message": "tea"})


async def test_unknown_tool_is_told_in_the_servers_words(everything: EverythingServer) -> None:
    try:
        said = text_of(await call(over_http(everything, "no-such-tool"), {}))
    except CallRefused as refusal:
        said = str(refusal)

    assert "no-such-tool" in said
