"""Asks again where it is worth it, and then other models: each attempt is a call of its own in the ledger."""

import asyncio
import random
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import TypeAlias

import structlog
from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk

from graphs.errors import (
    LimitReached,
    ModelFailed,
    ModelRateLimited,
    ModelTimedOut,
    ModelUnreachable,
    RetryLater,
)
from graphs.metering.calls import ModelCall
from graphs.metering.reasoning import reasoning_of
from graphs.settings import read_settings

PROVIDER_FAILED = (ModelFailed, ModelRateLimited, ModelTimedOut, ModelUnreachable)
# Who asks for a longer pause than this is not waited for.
LONGEST_PAUSE_SECONDS = 30.0

Chunks: TypeAlias = AsyncGenerator[ChatGenerationChunk, None]
# One attempt with one of the models, over at the given moment of the loop's clock.
Ask: TypeAlias = Callable[[str, float], Chunks]

logger = structlog.get_logger(__name__)


async def persistent(call: ModelCall, ask: Ask) -> Chunks:
    """Give the first answer that begins, of the model or of its fallbacks, within one call's span of time.

    Nothing is asked again once a part of an answer was passed on: no reader sees a text begin twice.
    Raises the last fault.
    """
    seconds = read_settings().model_call_timeout_seconds
    pursuit = _Pursuit(ask=ask, deadline=asyncio.get_running_loop().time() + seconds)
    for model in (call.model, *call.fallback_models):
        async with aclosing(pursuit.answer_of(model)) as chunks:
            async for chunk in chunks:
                yield chunk
        if pursuit.fault is None:
            return
        logger.warning("model_given_up", run_id=call.run_id, model=model, reason=pursuit.fault.code)
        if pursuit.seconds_left <= 0:
            break
    if pursuit.fault is not None:
        raise pursuit.fault


@dataclass
class _Pursuit:
    """How far it has come; `fault` is that of the last attempt, None once there is an answer."""

    ask: Ask
    deadline: float
    fault: RetryLater | None = None
    is_begun: bool = False

    @property
    def seconds_left(self) -> float:
        """What is left of the time for all attempts together."""
        return self.deadline - asyncio.get_running_loop().time()

    async def answer_of(self, model: str) -> Chunks:
        for number in range(read_settings().model_attempts):
            async with aclosing(self._attempt(model)) as chunks:
                async for chunk in chunks:
                    yield chunk
            if self.fault is None or not await self._paused(self.fault, number):
                return

    async def _attempt(self, model: str) -> Chunks:
        try:
            async with aclosing(_from_first_words(self.ask(model, self.deadline))) as chunks:
                async for chunk in chunks:
                    self.is_begun = True
                    yield chunk
            self.fault = None
        except PROVIDER_FAILED as error:
            if self.is_begun:
                raise
            self.fault = error
        except LimitReached:
            # What is set aside for the failed attempts is in the way, not what the user used.
            if self.fault is None:
                raise
            raise self.fault from None

    async def _paused(self, fault: RetryLater, number: int) -> bool:
        """Wait before the next attempt; False where another with this model is not worth it."""
        settings = read_settings()
        if fault.pause_seconds is None or number + 1 >= settings.model_attempts:
            return False
        step = settings.model_retry_seconds * 2**number
        # Spread out, so that runs which failed together do not come back together.
        pause = max(fault.pause_seconds, step * random.uniform(0.75, 1.25))  # noqa: S311  # no secret
        if pause > min(LONGEST_PAUSE_SECONDS, self.seconds_left):
            return False
        await asyncio.sleep(pause)
        return True


async def _from_first_words(chunks: Chunks) -> Chunks:
    """Hold back what says nothing yet, so that an answer which breaks off there can be asked for again."""
    held: list[ChatGenerationChunk] | None = []
    async with aclosing(chunks):
        async for chunk in chunks:
            if held is None:
                yield chunk
                continue
            held.append(chunk)
            if _says_something(chunk):
                for earlier in held:
                    yield earlier
                held = None
    for chunk in held or ():
        yield chunk


def _says_something(chunk: ChatGenerationChunk) -> bool:
    message = chunk.message
    if message.text or reasoning_of(message):
        return True
    return isinstance(message, AIMessageChunk) and bool(message.tool_call_chunks)
