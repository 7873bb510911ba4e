"""Each tool call has leave before and a word of its end after, whatever happens in between."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from uuid import UUID, uuid4

import pytest
from langchain_core.messages import ToolMessage
from langgraph.prebuilt.tool_node import ToolCallRequest

from graphs.agent.tools import TOOLS
from graphs.errors import ControlPlaneUnreachable
from graphs.metering.tool_calls import PermittedCalls, tool_permit
from tests.graphs.conftest import Configure
from tests.graphs.control_plane_double import SECRET, ControlPlaneDouble, refusal

ANSWER = ToolMessage("42", tool_call_id="c1")


@pytest.fixture
def run_id() -> str:
    return str(uuid4())


@pytest.fixture
def refuse(behind_control_plane: ControlPlaneDouble) -> Callable[..., None]:
    """Let the double refuse the calculator, for one test."""

    def say(*arguments: object) -> None:
        behind_control_plane.tool_refusals["calculator"] = refusal(*arguments)

    yield say
    behind_control_plane.tool_refusals.clear()


def request(name: str = "calculator", call_id: str = "c1") -> ToolCallRequest:
    call = {"id": call_id, "name": name, "args": {}, "type": "tool_call"}
    return ToolCallRequest(tool_call=call, tool=TOOLS.get(name), state={}, runtime=SimpleNamespace())


async def answer(_request: ToolCallRequest) -> ToolMessage:
    return ANSWER


def calls_of(run_id: str, message_id: str = "m1") -> PermittedCalls:
    return PermittedCalls(run_id=run_id, message_id=message_id)


async def test_call_is_asked_for_and_its_end_told(behind_control_plane: ControlPlaneDouble, run_id: str):
    assert await calls_of(run_id).call(request(), answer) is ANSWER

    [asked] = behind_control_plane.tool_calls_of(run_id)
    [end] = behind_control_plane.tool_ends_of(run_id)
    assert (asked["tool_call_id"], asked["tool_name"]) == ("c1", "calculator")
    assert set(asked) == {
        "run_id",
        "attempt_id",
        "tool_call_id",
        "tool_name",
        "approval_id",
        "arguments_hash",
    }
    assert (end["attempt_id"], end["outcome"]) == (asked["attempt_id"], "finished")
    assert 0 <= end["duration_ms"] < 1000


async def test_attempt_stays_the_same_when_the_node_runs_again(
    behind_control_plane: ControlPlaneDouble, run_id: str
):
    for _ in range(2):
        await calls_of(run_id).call(request(), answer)

    attempts = {asked["attempt_id"] for asked in behind_control_plane.tool_calls_of(run_id)}
    assert len(attempts) == 1
    assert UUID(attempts.pop()).version == 5


async def test_repeated_call_ids_are_told_apart(behind_control_plane: ControlPlaneDouble, run_id: str):
    first, second = calls_of(run_id), calls_of(run_id, "m2")
    for calls in (first, first, second):
        await calls.call(request(), answer)
    await calls_of(str(uuid4())).call(request(), answer)

    assert len({asked["attempt_id"] for asked in behind_control_plane.tool_calls_of(run_id)}) == 3


@pytest.mark.parametrize(
    ("status", "code"),
    [(403, "tool_disabled"), (409, "run_over"), (429, "limit_reached")],
    ids=["disabled", "over", "limited"],
)
async def test_refusal_is_the_model_s_to_read_and_runs_nothing(
    behind_control_plane: ControlPlaneDouble, refuse: Callable[..., None], run_id: str, status: int, code: str
):
    refuse(status, code, "Not now.")

    async def run(_request: ToolCallRequest) -> ToolMessage:
        raise AssertionError("it ran")

    said = await calls_of(run_id).call(request(), run)

    assert isinstance(said, ToolMessage)
    assert (said.text, said.status, said.tool_call_id, said.name) == ("Not now.", "error", "c1", "calculator")
    assert behind_control_plane.tool_ends_of(run_id) == []


async def test_control_plane_that_is_away_ends_the_run(configure: Configure, run_id: str, key_file):
    configure(
        CONTROL_PLANE_URL="http://127.0.0.1:1", CONTROL_PLANE_SECRET=SECRET, AGENT_JWKS_FILE=str(key_file)
    )

    with pytest.raises(ControlPlaneUnreachable):
        await calls_of(run_id).call(request(), answer)


async def test_standalone_tools_just_run(configure: Configure, control_plane: ControlPlaneDouble):
    configure()

    assert await calls_of("").call(request(), answer) is ANSWER
    assert control_plane.tool_calls_of("") == []


async def test_unknown_tool_is_not_asked_for(behind_control_plane: ControlPlaneDouble, run_id: str):
    await calls_of(run_id).call(request("no_such_tool"), answer)

    assert behind_control_plane.tool_calls_of(run_id) == []


async def test_failed_answer_is_told_as_failed(behind_control_plane: ControlPlaneDouble, run_id: str):
    async def fail(_request: ToolCallRequest) -> ToolMessage:
        return ToolMessage("no", tool_call_id="c1", status="error")

    await calls_of(run_id).call(request(), fail)

    assert [end["outcome"] for end in behind_control_plane.tool_ends_of(run_id)] == ["failed"]


async def test_fault_is_told_and_passed_on(behind_control_plane: ControlPlaneDouble, run_id: str):
    async def fail(_request: ToolCallRequest) -> ToolMessage:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        await calls_of(run_id).call(request(), fail)

    assert [end["outcome"] for end in behind_control_plane.tool_ends_of(run_id)] == ["failed"]


async def test_cancelled_call_is_told_as_such(behind_control_plane: ControlPlaneDouble, run_id: str):
    started = asyncio.Event()

    async def wait(_request: ToolCallRequest) -> ToolMessage:
        started.set()
        await asyncio.Event().wait()
        return ANSWER

    running = asyncio.create_task(calls_of(run_id).call(request(), wait))
    await started.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert [end["outcome"] for end in behind_control_plane.tool_ends_of(run_id)] == ["cancelled"]


@pytest.mark.parametrize("status", [404, 500], ids=["refused", "out of order"])
async def test_end_that_cannot_be_told_does_not_spoil_the_answer(
    behind_control_plane: ControlPlaneDouble, run_id: str, status: int
):
    behind_control_plane.end_refusals[run_id] = refusal(status, "no", "No.")

    assert await calls_of(run_id).call(request(), answer) is ANSWER
    assert len(behind_control_plane.tool_ends_of(run_id)) == 1


async def test_tool_reads_its_configuration_and_nobody_else_does(
    behind_control_plane: ControlPlaneDouble, run_id: str
):
    behind_control_plane.tool_permit = {
        "configuration": {"max_results": 5},
        "secrets": {"api_key": "sk-1234"},
    }
    seen = []

    async def look(_request: ToolCallRequest) -> ToolMessage:
        seen.append(tool_permit())
        return ANSWER

    try:
        await calls_of(run_id).call(request(), look)
    finally:
        behind_control_plane.tool_permit = {}

    [permit] = seen
    assert permit.configuration == {"max_results": 5}
    assert permit.secrets["api_key"].get_secret_value() == "sk-1234"
    assert "sk-1234" not in f"{permit!r} {permit}"
    assert (tool_permit().configuration, tool_permit().secrets) == ({}, {})
