"""Chat completions of the embedded model, through the client library that the product uses and bare."""

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_openai import ChatOpenAI

from tests.embedded.model_server.conftest import KEY, ModelServer
from tests.embedded.processes import wait_until

MODEL = "smollm2-135m-instruct"
PATH = "/v1/chat/completions"
LONG = "word " * 9000


def question(text: str = "Say hello.", **more: Any) -> dict[str, Any]:
    """Return a request with one message."""
    return {"model": MODEL, "messages": [{"role": "user", "content": text}], "max_tokens": 12, **more}


@asynccontextmanager
async def chat_model(server: ModelServer, client_request_id: str) -> AsyncIterator[ChatOpenAI]:
    """Give the model as the graphs make it, for as long as its connections are open."""
    async with httpx.AsyncClient(trust_env=False) as http:
        yield ChatOpenAI(
            model=MODEL,
            base_url=f"{server.url}/v1",
            api_key=KEY,
            streaming=True,
            stream_usage=True,
            max_retries=0,
            max_tokens=12,
            http_async_client=http,
            default_headers={"X-Client-Request-Id": client_request_id},
        )


async def test_stream_comes_in_pieces_and_its_usage_is_in_the_journal(model_server: ModelServer) -> None:
    async with chat_model(model_server, "streamed") as model:
        pieces = [piece async for piece in model.astream("Count to ten.")]
    assert sum(bool(piece.text) for piece in pieces) >= 2
    (usage,) = [piece.usage_metadata for piece in pieces if piece.usage_metadata]
    entry = model_server.journal("streamed")
    assert entry["usage"]["prompt_tokens"] == usage["input_tokens"] > 0
    assert entry["usage"]["completion_tokens"] == usage["output_tokens"] > 0
    assert (entry["path"], entry["model"], entry["status"]) == (PATH, MODEL, 200)
    assert "Count" not in json.dumps(entry)


def test_whole_answer_reports_the_usage_of_the_journal(model_server: ModelServer) -> None:
    answer = model_server.http.post(PATH, json=question(), headers={"X-Client-Request-Id": "whole"}).json()
    assert answer["object"] == "chat.completion"
    assert answer["model"] == MODEL
    assert answer["choices"][0]["message"]["role"] == "assistant"
    assert answer["usage"] == model_server.journal("whole")["usage"]
    assert "timings" not in answer


def test_usage_is_streamed_only_when_asked_for(model_server: ModelServer) -> None:
    headers = {"X-Client-Request-Id": "no-usage"}
    text = model_server.http.post(PATH, json=question(stream=True), headers=headers).text
    events = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: ")]
    assert events[-1] == "[DONE]"
    assert not any("usage" in json.loads(event) for event in events[:-1])
    assert model_server.journal("no-usage")["usage"]["completion_tokens"] > 0


async def test_tools_and_their_messages_are_taken_and_never_used(model_server: ModelServer) -> None:
    nothing = {"type": "object", "properties": {}}
    tool = {"type": "function", "function": {"name": "clock", "parameters": nothing}}
    history = [
        HumanMessage("What time is it?"),
        AIMessage("", tool_calls=[{"id": "call_1", "name": "clock", "args": {}}]),
        ToolMessage("noon", tool_call_id="call_1"),
    ]
    async with chat_model(model_server, "tools") as model:
        answer = await model.bind_tools([tool]).ainvoke(history)
    assert answer.tool_calls == []
    assert answer.usage_metadata


def is_idle(pid: int) -> bool:
    """Tell whether a process hardly used the processor for half a second."""
    before, end = cpu_seconds(pid), time.monotonic() + 0.5
    wait_until(lambda: time.monotonic() >= end)
    return cpu_seconds(pid) - before < 0.2


@pytest.mark.parametrize("is_stream", [True, False], ids=["stream", "whole"])
def test_caller_who_leaves_ends_the_generation(model_server: ModelServer, is_stream: bool) -> None:
    request = question("Tell a very long story.", stream=is_stream) | {"max_tokens": 4000}
    headers = {"Authorization": f"Bearer {KEY}", "X-Client-Request-Id": f"left-{is_stream}"}
    with httpx.Client(base_url=model_server.url, headers=headers, timeout=1) as http:
        if is_stream:
            with http.stream("POST", PATH, json=request) as response:
                next(response.iter_lines())
        else:
            with pytest.raises(httpx.ReadTimeout):
                http.post(PATH, json=request)
    # Left to itself, the story would keep a core busy for most of a minute.
    wait_until(lambda: is_idle(model_server.pid))
    entry = model_server.journal(f"left-{is_stream}")
    assert (entry["status"], entry["usage"]) == (200 if is_stream else 499, None)


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        pytest.param(question() | {"model": "gpt-4o"}, 404, "model_not_found", id="unknown-model"),
        pytest.param(question() | {"model": None}, 400, "missing_required_parameter", id="no-model"),
        pytest.param(question() | {"messages": []}, 400, "invalid_value", id="no-messages"),
        pytest.param(question() | {"messages": "hello"}, 400, "invalid_value", id="messages-of-wrong-type"),
        pytest.param(question(temperature="hot"), 400, "invalid_value", id="temperature-of-wrong-type"),
        pytest.param(question(LONG), 400, "context_length_exceeded", id="too-long"),
        pytest.param(question(LONG, stream=True), 400, "context_length_exceeded", id="too-long-stream"),
        pytest.param([1, 2], 400, "invalid_json", id="no-object"),
    ],
)
def test_bad_request_is_refused_in_the_protocol_s_shape(
    model_server: ModelServer, content: Any, status: int, code: str
) -> None:
    response = model_server.http.post(PATH, json=content)
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["type"]) == (status, code, "invalid_request_error")
    assert set(error) == {"message", "type", "param", "code"}


def test_bad_json_is_refused(model_server: ModelServer) -> None:
    response = model_server.http.post(PATH, content=b"{oops")
    assert (response.status_code, response.json()["error"]["code"]) == (400, "invalid_json")


def test_huge_body_is_refused(model_server: ModelServer) -> None:
    response = model_server.http.post(PATH, content=b"x" * 8_000_001)
    assert (response.status_code, response.json()["error"]["code"]) == (413, "request_too_large")


def cpu_seconds(pid: int) -> float:
    """Return how much processor time a process has had."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100
