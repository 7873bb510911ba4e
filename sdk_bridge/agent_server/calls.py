"""One call to the Agent Server: bounded in time, repeated only where that is harmless, errors translated."""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

import httpx
from langgraph_sdk.client import LangGraphClient

from sdk_bridge.agent_server.refusals import translate
from sdk_bridge.errors import (
    InvalidRequest,
    NotFound,
    Retryable,
    ServerFailed,
    ServerTimedOut,
    ThreadNotFound,
)
from sdk_bridge.timeouts import Timeouts

Answer = TypeVar("Answer")

ATTEMPTS: Final = 3
FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 1.0


@dataclass(frozen=True, slots=True)
class Caller:
    """The shared client as one identity uses it."""

    client: LangGraphClient = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    timeouts: Timeouts

    async def once(
        self,
        operation: Callable[[], Awaitable[Answer]],
        *,
        missing: type[NotFound] = ThreadNotFound,
        within: float | None = None,
    ) -> Answer:
        """Call once, within `within` seconds (`Timeouts.request`); `missing` is what a 404 means."""
        try:
            async with asyncio.timeout(self.timeouts.request if within is None else within):
                return await translated(operation, missing=missing)
        except TimeoutError as error:
            raise ServerTimedOut("The Agent Server did not answer in time.") from error

    async def repeatable(
        self,
        operation: Callable[[], Awaitable[Answer]],
        *,
        missing: type[NotFound] = ThreadNotFound,
        within: float | None = None,
    ) -> Answer:
        """Call up to three times while errors are retryable; `within` bounds all attempts together."""
        return await self.once(lambda: _repeated(operation, missing=missing), missing=missing, within=within)


class CallGroup:
    """Base of the classes that group the calls of one identity by subject."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller


async def _repeated(operation: Callable[[], Awaitable[Answer]], *, missing: type[NotFound]) -> Answer:
    for attempt in range(ATTEMPTS - 1):
        try:
            return await translated(operation, missing=missing)
        except Retryable as error:
            pause = _pause(attempt, wanted=error.retry_after)
            if pause is None:
                raise
        await asyncio.sleep(pause)
    return await translated(operation, missing=missing)


def _pause(attempt: int, *, wanted: float | None) -> float | None:
    """Seconds to wait: what the server asked for, else a doubling pause with jitter; None: too long."""
    if wanted is not None:
        return wanted if wanted <= LONGEST_PAUSE else None
    ceiling = min(LONGEST_PAUSE, FIRST_PAUSE * 2**attempt)
    return random.uniform(ceiling / 2, ceiling)  # noqa: S311  # jitter, not a secret


async def translated(operation: Callable[[], Awaitable[Answer]], *, missing: type[NotFound]) -> Answer:
    """Call, and raise the bridge's own errors only."""
    try:
        return await operation()
    except httpx.HTTPError as error:
        raise translate(error, missing=missing) from error
    except json.JSONDecodeError as error:
        raise ServerFailed("The Agent Server's answer cannot be read.") from error
    except TypeError as error:
        raise InvalidRequest("The request cannot be sent as JSON.") from error
