"""Model servers that speak another protocol than OpenAI's: one attempt at a time, by `init_chat_model`."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from importlib import import_module
from typing import Any, Final, cast

import openai
from langchain.chat_models import init_chat_model
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatGenerationChunk
from langchain_core.runnables import RunnableBinding

from graphs.control_plane import Permit
from graphs.errors import ModelRefused
from graphs.event_loops import PerLoop
from graphs.metering.calls import ModelCall
from graphs.settings import read_settings

NOT_INSTALLED: Final = "The library for this model's server is not installed here."
# Anthropic's servers take no higher one; OpenAI's go up to two.
_HIGHEST_TEMPERATURE: Final[Mapping[str, float]] = {"anthropic": 1.0}
# Only these clients can be given a header for one request.
_TAKES_HEADERS: Final = frozenset({"anthropic"})


async def provider_stream(
    call: ModelCall,
    *,
    permit: Permit,
    headers: Mapping[str, str],
    messages: Sequence[BaseMessage],
    stop: list[str] | None,
    options: Mapping[str, Any],
) -> AsyncIterator[ChatGenerationChunk]:
    """Stream the answer of a model in its own protocol; `options` are those of an OpenAI request.

    Raises ModelRefused where the protocol's library is missing, and OpenAI's errors for those of any library.
    """
    # Its client reads certificates, and the library itself is read when it is first used.
    model, bound = await asyncio.to_thread(_made, call, permit, headers, dict(options))
    _connect_here(model, permit.protocol)
    try:
        async for chunk in model._astream(list(messages), stop, None, **bound):
            yield chunk
    except Exception as error:
        raise _as_of_openai(error) from error


def _made(
    call: ModelCall, permit: Permit, headers: Mapping[str, str], options: dict[str, Any]
) -> tuple[BaseChatModel, dict[str, Any]]:
    """Make the model of one attempt, and the options in its own words."""
    protocol = permit.protocol
    given: dict[str, Any] = {
        "api_key": permit.api_key.get_secret_value(),
        "max_retries": 0,
        "timeout": read_settings().model_idle_timeout_seconds,
    }
    if permit.base_url:
        given["base_url"] = permit.base_url
    if call.max_tokens is not None:
        given["max_tokens"] = call.max_tokens
    if call.temperature is not None:
        given["temperature"] = min(call.temperature, _HIGHEST_TEMPERATURE.get(protocol, call.temperature))
    if protocol in _TAKES_HEADERS:
        given["default_headers"] = dict(headers)
    try:
        model = cast("BaseChatModel", init_chat_model(call.model, model_provider=protocol, **given))
    except ImportError as error:
        raise ModelRefused(NOT_INSTALLED) from error
    return model, _in_its_words(model, options)


def _connect_here(model: BaseChatModel, protocol: str) -> None:
    """Give Anthropic's client connections of this loop: its library shares one set among all loops."""
    if protocol == "anthropic":
        client: Any = model._async_client  # type: ignore[attr-defined]  # made at its first use
        vars(model)["_async_client"] = client.with_options(http_client=_CONNECTIONS.get())


def _connect() -> Any:
    # Its model has been made: the library is there, and not read a second time.
    return import_module("anthropic").DefaultAsyncHttpxClient(
        timeout=read_settings().model_idle_timeout_seconds
    )


_CONNECTIONS: Final = PerLoop(_connect)


def _in_its_words(model: BaseChatModel, options: dict[str, Any]) -> dict[str, Any]:
    """Translate tools; an answer's schema is understood by these clients in OpenAI's form."""
    kept = {name: options[name] for name in ("response_format",) if options.get(name)}
    if not options.get("tools"):
        return kept
    choice = {"tool_choice": options["tool_choice"]} if options.get("tool_choice") else {}
    bound = cast("RunnableBinding[Any, Any]", model.bind_tools(options["tools"], **choice))
    return {**kept, **bound.kwargs}


def _as_of_openai(error: Exception) -> Exception:
    """Give the error that OpenAI's client would have raised; they differ in little but their classes."""
    # These errors want to know the request, and nobody here asks them for it.
    request: Any = None
    names = {kind.__name__ for kind in type(error).__mro__}
    response = getattr(error, "response", None)
    if response is not None and not isinstance(error, openai.APIError):
        return openai.APIStatusError("", response=response, body=None)
    # By name: either of two HTTP libraries may be below them.
    if names & {"APITimeoutError", "ReadTimeout", "WriteTimeout"}:
        return openai.APITimeoutError(request=request)
    if names & {"APIConnectionError", "TransportError"}:
        return openai.APIConnectionError(request=request)
    return openai.OpenAIError("")
