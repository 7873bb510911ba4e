"""The chat model of every graph: OpenAI's protocol, metered, with a key that lives for one call."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import replace
from typing import Any, Self

import openai
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models.chat_models import agenerate_from_stream
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_openai import ChatOpenAI
from pydantic import PrivateAttr, SecretStr

from graphs.control_plane import OPENAI
from graphs.errors import ModelRefused
from graphs.event_loops import PerLoop
from graphs.metering.attempts import Attempt
from graphs.metering.calls import ModelCall
from graphs.metering.providers import provider_stream
from graphs.metering.reasoning import keep_reasoning
from graphs.metering.retries import persistent
from graphs.metering.usage import estimate_prompt
from graphs.settings import read_settings

OPENAI_URL = "https://api.openai.com/v1"
CONNECT_SECONDS = 5.0
ATTEMPT_HEADER = "X-Client-Request-Id"
# In the metadata of each answer, so that a thread can be compared with the ledger call by call.
ATTEMPT_KEY = "attempt_id"
ASYNC_ONLY = "metered models are asynchronous"
_NO_KEY = SecretStr("none: each call brings its own")


class MeteredChat(ChatOpenAI):
    """A ChatOpenAI whose every request has a permit before and a record after.

    Callbacks would not do: none fires when a call is cancelled. It is asynchronous only.
    """

    _call: ModelCall = PrivateAttr()

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        def ask(model: str, deadline: float) -> AsyncGenerator[ChatGenerationChunk, None]:
            return self._attempted(model, deadline, messages, stop, **kwargs)

        async with aclosing(persistent(self._call, ask)) as chunks:
            async for chunk in chunks:
                # Not from within an attempt: one that breaks off before its first word is not heard of.
                if run_manager:
                    await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                yield chunk

    async def _attempted(
        self, model: str, deadline: float, messages: list[BaseMessage], stop: list[str] | None, **kwargs: Any
    ) -> AsyncGenerator[ChatGenerationChunk, None]:
        attempt = Attempt(
            replace(self._call, model=model),
            prompt_tokens=estimate_prompt(messages, kwargs),
            max_output_tokens=self._call.max_tokens,
        )
        async with attempt:
            chunks = self._answer(attempt, model, messages, stop, **kwargs)
            async for chunk in _until(deadline, chunks):
                if isinstance(chunk.message, AIMessageChunk):
                    attempt.tally.add(chunk.message)
                yield _marked(chunk, attempt)

    def _answer(
        self, attempt: Attempt, model: str, messages: list[BaseMessage], stop: list[str] | None, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        """Ask in the protocol that the permit names."""
        permit = attempt.permit
        if permit is None or permit.protocol == OPENAI:
            return ChatOpenAI._astream(self._with_key_of(attempt, model), messages, stop, None, **kwargs)
        return provider_stream(
            replace(self._call, model=model),
            permit=permit,
            headers={ATTEMPT_HEADER: str(attempt.id)},
            messages=messages,
            stop=stop,
            options=kwargs,
        )

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        # Only a stream leaves something to count when it is cut.
        return await agenerate_from_stream(self._astream(messages, stop, run_manager, **kwargs))

    def _convert_chunk_to_generation_chunk(
        self, chunk: dict[str, Any], *args: Any, **kwargs: Any
    ) -> ChatGenerationChunk | None:
        generation = super()._convert_chunk_to_generation_chunk(chunk, *args, **kwargs)
        if generation is not None:
            keep_reasoning(generation.message, chunk)
        return generation

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        raise NotImplementedError(ASYNC_ONLY)

    def _stream(self, *args: Any, **kwargs: Any) -> Iterator[ChatGenerationChunk]:
        raise NotImplementedError(ASYNC_ONLY)

    def _with_key_of(self, attempt: Attempt, model: str) -> Self:
        """Copy the model with the permit's key and address; connections stay shared."""
        headers = {ATTEMPT_HEADER: str(attempt.id)}
        if attempt.permit is None:
            client = self.root_async_client.with_options(default_headers=headers)
        else:
            client = self.root_async_client.with_options(
                api_key=attempt.permit.api_key.get_secret_value(),
                base_url=attempt.permit.base_url or OPENAI_URL,
                default_headers=headers,
            )
        return self.model_copy(
            update={
                "model_name": model,
                "root_async_client": client,
                "async_client": client.chat.completions,
            }
        )


def metered_model(call: ModelCall, *, is_hidden: bool = False) -> MeteredChat:
    """Make the model of one call. A hidden one streams no tokens to the run's client."""
    settings = read_settings()
    key: SecretStr | None = _NO_KEY
    address = OPENAI_URL
    if settings.is_standalone:
        key, address = settings.openai_api_key, settings.openai_base_url or OPENAI_URL
    if key is None:
        raise ModelRefused("No key is configured for the model's server.")
    model = MeteredChat(
        model=call.model,
        temperature=call.temperature,
        max_completion_tokens=call.max_tokens,
        api_key=key,
        base_url=address,
        http_client=UNUSED.get(),
        http_async_client=CONNECTIONS.get(),
        timeout=_timeout(),
        stream_chunk_timeout=settings.model_idle_timeout_seconds,
        max_retries=0,
        streaming=True,
        stream_usage=True,
        use_responses_api=False,
        tags=["nostream"] if is_hidden else None,
    )
    model._call = call  # the module's own class: a field would be serialized into traces
    return model


async def _until(
    deadline: float, chunks: AsyncIterator[ChatGenerationChunk]
) -> AsyncIterator[ChatGenerationChunk]:
    """Pass chunks on until the whole of them took too long; raises TimeoutError from within the wait."""
    async with aclosing(chunks):  # type: ignore[type-var]  # it is a generator, declared as an iterator
        while True:
            try:
                async with asyncio.timeout_at(deadline):
                    chunk = await anext(chunks)
            except StopAsyncIteration:
                return
            yield chunk


def _marked(chunk: ChatGenerationChunk, attempt: Attempt) -> ChatGenerationChunk:
    # Once: texts of several chunks are joined to one.
    if not attempt.is_marked:
        chunk.message.response_metadata[ATTEMPT_KEY] = str(attempt.id)
        attempt.is_marked = True
    return chunk


def _timeout() -> openai.Timeout:
    return openai.Timeout(read_settings().model_idle_timeout_seconds, connect=CONNECT_SECONDS)


def _connect() -> openai.DefaultAsyncHttpxClient:
    # Their lines quote what a provider answered, and that may quote the key. openai picks the library.
    for name in ("httpx", "httpx2", "httpcore", "httpcore2", "openai"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return openai.DefaultAsyncHttpxClient(timeout=_timeout())


CONNECTIONS = PerLoop(_connect)
# Without one, each model would make its own and read all certificates for it: a tenth of a second per call.
UNUSED = PerLoop(openai.DefaultHttpxClient)
