"""`/v1/chat/completions`: checks a request, hands it to llama.cpp and passes the answer on as it comes."""

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
from starlette.responses import JSONResponse, Response, StreamingResponse

from controlplane.embedded.model_server.chat_engine import CONTEXT_TOKENS, ChatEngine
from controlplane.embedded.model_server.journal import Call
from controlplane.embedded.model_server.protocol import RequestRefused

DEFAULT_MAX_TOKENS = 1024
# Tools are not among them: this model never calls any.
PASSED_ON = (
    "temperature", "top_p", "n", "stop", "seed", "presence_penalty", "frequency_penalty", "logit_bias",
    "logprobs", "top_logprobs", "response_format",
)  # fmt: skip
PATH = "/v1/chat/completions"
EVENT = "data: "


async def complete_chat(engine: ChatEngine, content: Mapping[str, Any], call: Call) -> Response:
    """Answer one request, whole or as a stream. A caller who goes away ends the generation."""
    request = engine.client.build_request("POST", PATH, json=_question(content))
    response = await engine.client.send(request, stream=True)
    if response.status_code != httpx.codes.OK:
        await response.aread()
        raise _refusal(response)
    if content.get("stream"):
        return StreamingResponse(
            _relay(response, call, wants_usage=_wants_usage(content)), media_type="text/event-stream"
        )
    await response.aread()
    answer = response.json()
    answer.pop("timings", None)
    call.usage = answer["usage"]
    return JSONResponse(answer)


def _question(content: Mapping[str, Any]) -> dict[str, Any]:
    messages = content.get("messages")
    if not isinstance(messages, list) or not messages or not all(isinstance(one, dict) for one in messages):
        message = "'messages' must be a list of messages, and not empty."
        raise RequestRefused(400, "invalid_value", message, param="messages")
    question: dict[str, Any] = {name: content[name] for name in PASSED_ON if content.get(name) is not None}
    question["messages"] = [_plain(message) for message in messages]
    limit = content.get("max_completion_tokens") or content.get("max_tokens")
    question["max_tokens"] = DEFAULT_MAX_TOKENS if limit is None else limit
    if content.get("stream"):
        question |= {"stream": True, "stream_options": {"include_usage": True}}
    return question


def _plain(message: Mapping[str, Any]) -> dict[str, Any]:
    """Reduce a message to what the model's template knows: a role and a text."""
    content = message.get("content")
    if isinstance(content, list):
        content = "".join(str(block.get("text", "")) for block in content if isinstance(block, dict))
    role = "system" if message.get("role") == "developer" else message.get("role")
    return {"role": role, "content": content or ""}


def _wants_usage(content: Mapping[str, Any]) -> bool:
    return bool((content.get("stream_options") or {}).get("include_usage"))


async def _relay(response: httpx.Response, call: Call, *, wants_usage: bool) -> AsyncIterator[str]:
    try:
        async for line in response.aiter_lines():
            event = _take_usage(line, call)
            if event is None:
                yield f"{line}\n"
            elif wants_usage:
                yield f"{EVENT}{json.dumps(event)}\n"
    finally:
        # Closing the connection is what makes llama.cpp stop.
        await response.aclose()


def _take_usage(line: str, call: Call) -> dict[str, Any] | None:
    """Return the event that reports the usage, noted down before anybody reads it, or None for others."""
    if not line.startswith(EVENT) or '"usage"' not in line:
        return None
    event = json.loads(line.removeprefix(EVENT))
    if not isinstance(event, dict) or event.get("choices") or not event.get("usage"):
        return None
    event.pop("timings", None)
    call.usage = event["usage"]
    return event


def _refusal(response: httpx.Response) -> RequestRefused:
    error = response.json().get("error", {})
    message = str(error.get("message", "The model failed."))
    if error.get("type") == "exceed_context_size_error":
        asked = error.get("n_prompt_tokens")
        message = (
            f"This model's maximum context length is {CONTEXT_TOKENS} tokens; the messages have {asked}."
        )
        return RequestRefused(400, "context_length_exceeded", message, param="messages")
    if response.is_client_error:
        return RequestRefused(400, "invalid_value", message)
    return RequestRefused(500, "model_failed", message)
