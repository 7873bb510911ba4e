"""A tool call ends in time and leaves little behind, whatever the tool does."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from langchain_core.messages import ToolMessage
from langchain_core.tools import ToolException
from langgraph.errors import GraphInterrupt
from langgraph.prebuilt.tool_node import ToolCallRequest

from graphs.agent.tools import TOOLS
from graphs.errors import ControlPlaneUnreachable
from graphs.metering.bounded_calls import BROKE, MOST_RETRIES, TOOK_TOO_LONG, bounded_call
from graphs.metering.tool_faults import PassingFault
from graphs.metering.tool_results import CUT, LEFT_OUT, LONGEST_RESULT
from tests.graphs.conftest import Configure

REQUEST = ToolCallRequest(
    tool_call={"id": "c1", "name": "calculator", "args": {}, "type": "tool_call"},
    tool=TOOLS["calculator"],
    state={},
    runtime=SimpleNamespace(),
)


@pytest.fixture(autouse=True)
def quick(configure: Configure, monkeypatch: pytest.MonkeyPatch) -> None:
    """A short time for calls, and no pauses between tries."""
    configure(TOOL_CALL_TIMEOUT_SECONDS="0.2")
    monkeypatch.setattr("langchain.agents.middleware.tool_retry.calculate_delay", lambda *_, **__: 0)


class Tool:
    """Raises one fault after the other, and answers when there is none left."""

    def __init__(self, *faults: BaseException, content: Any = "42", artifact: Any = None) -> None:
        self.faults, self.tries = list(faults), 0
        self.answer = ToolMessage(content, tool_call_id="c1", name="calculator", artifact=artifact)

    async def __call__(self, _request: ToolCallRequest) -> ToolMessage:
        self.tries += 1
        if self.faults:
            raise self.faults.pop(0)
        return self.answer


async def said_by(tool: Tool) -> tuple[str, str, str, str]:
    message = await bounded_call(REQUEST, tool)
    assert isinstance(message, ToolMessage)
    return message.text, message.status, message.tool_call_id, message.name or ""


async def test_answer_passes_as_it_is():
    assert await said_by(Tool()) == ("42", "success", "c1", "calculator")


async def test_tool_that_hangs_is_stopped_and_ends():
    ended = asyncio.Event()

    async def hang(_request: ToolCallRequest) -> ToolMessage:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        raise AssertionError

    message = await bounded_call(REQUEST, hang)

    assert isinstance(message, ToolMessage)
    assert (message.text, message.status, message.tool_call_id) == (TOOK_TOO_LONG, "error", "c1")
    assert ended.is_set()


async def test_fault_that_passes_is_tried_again_and_then_told():
    passing, lasting = Tool(PassingFault("Busy.")), Tool(*[PassingFault("Busy.")] * 9)

    assert await said_by(passing) == ("42", "success", "c1", "calculator")
    assert await said_by(lasting) == ("Busy.", "error", "c1", "calculator")
    assert (passing.tries, lasting.tries) == (2, 1 + MOST_RETRIES)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        pytest.param(ToolException("There is no such zone."), "There is no such zone.", id="own words"),
        pytest.param(ValueError("key=sk-secret"), BROKE, id="words of others"),
        pytest.param(TimeoutError("inner"), BROKE, id="a time-out of its own"),
    ],
)
async def test_other_faults_are_told_at_once_and_never_in_the_words_of_others(fault: Exception, words: str):
    tool = Tool(fault)

    assert await said_by(tool) == (words, "error", "c1", "calculator")
    assert tool.tries == 1


@pytest.mark.parametrize(
    "end", [ControlPlaneUnreachable("away"), GraphInterrupt(), asyncio.CancelledError()], ids=type
)
async def test_what_ends_or_halts_a_run_passes_through(end: BaseException):
    with pytest.raises(type(end)):
        await bounded_call(REQUEST, Tool(end))


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        pytest.param("x" * LONGEST_RESULT, "x" * LONGEST_RESULT, id="at the bound"),
        pytest.param("x" * (LONGEST_RESULT + 1), "x" * LONGEST_RESULT + CUT, id="beyond"),
        pytest.param("a\0b\ud800c", "ab?c", id="characters that no store takes"),
    ],
)
async def test_texts_are_bounded_and_clean(given: str, kept: str):
    assert (await said_by(Tool(content=given)))[0] == kept


async def test_parts_are_bounded_together():
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * LONGEST_RESULT}}
    small = {"type": "text", "text": "small"}
    parts = [small, image, {"type": "text", "text": "x" * LONGEST_RESULT}, small, small]

    message = await bounded_call(REQUEST, Tool(content=parts))

    assert isinstance(message, ToolMessage)
    first, second, third, *rest = message.content
    assert (first, second["text"], rest) == (small, LEFT_OUT, [{"type": "text", "text": LEFT_OUT}])
    assert third["text"].endswith(CUT)
    assert len(str(message.content)) < LONGEST_RESULT + 1_000


async def test_artifact_that_is_too_large_is_dropped():
    for artifact, kept in (({"a": 1}, {"a": 1}), ({"a": "x" * LONGEST_RESULT}, None)):
        message = await bounded_call(REQUEST, Tool(artifact=artifact))
        assert isinstance(message, ToolMessage)
        assert message.artifact == kept
