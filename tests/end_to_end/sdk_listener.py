"""A client of the public Python SDK that listens to a run straight at the Agent Server."""

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, Literal, cast

import httpx
from langgraph_sdk import get_client

from tests.end_to_end.api import Api

OnDisconnect = Literal["cancel", "continue"]
SECONDS = 60.0


@dataclass
class SdkListener:
    """One run's stream; `heard` is what the model has said so far."""

    parts: AsyncGenerator[Any, None]
    run_id: str = ""
    heard: str = ""
    failure: str = ""

    async def words(self, *, more_than: int = 0) -> None:
        """Listen until the model has said more than so many characters."""
        async for part in self.parts:
            self._take(part)
            if len(self.heard) > more_than:
                return
        raise AssertionError("the stream ended before")

    async def rest(self) -> None:
        """Listen until the stream ends."""
        async for part in self.parts:
            self._take(part)

    def _take(self, part: Any) -> None:
        if part.event == "metadata":
            self.run_id = part.data["run_id"]
        if part.event == "error":
            self.failure = part.data["error"]
        if part.event == "messages" and part.data[0]["type"] == "AIMessageChunk":
            self.heard += part.data[0]["content"]


@dataclass(frozen=True)
class Hearing:
    """A stream that is being listened to."""

    run_id: str
    future: Future[SdkListener]

    def end(self) -> SdkListener:
        """Wait for the end of the stream."""
        return self.future.result(SECONDS)


async def forget_location(response: httpx.Response) -> None:
    """Keep the SDK from joining again by itself, which leaves a hole: a stream that closes is over."""
    response.headers.pop("Location", None)


@asynccontextmanager
async def listening(
    api: Api, thread_id: str, text: str, *, on_disconnect: OnDisconnect = "continue"
) -> AsyncIterator[SdkListener]:
    """Send a message as the user behind `api` and listen; leaving the block hangs up."""
    access = api.expect(200, "POST", "auth/agent-token/")
    headers = {"Authorization": f"Bearer {access['token']}"}
    async with get_client(url=access["agent_url"], api_key=None, headers=headers) as client:
        client.http.client.event_hooks["response"].append(forget_location)
        stream = client.runs.stream(
            thread_id,
            "agent",
            input={"messages": [{"role": "user", "content": text}]},
            stream_mode="messages-tuple",
            on_disconnect=on_disconnect,
        )
        async with aclosing(cast("AsyncGenerator[Any, None]", stream)) as parts:
            yield SdkListener(parts)


@contextmanager
def begun_to_speak(api: Api, thread_id: str, text: str) -> Iterator[Hearing]:
    """Send a message and wait for the first word; leaving the block waits for the end of the stream.

    The stream is read by a thread of its own: the caller's is free to kill and to start processes.
    """
    begun = threading.Event()

    run_ids: list[str] = []

    async def hear_out() -> SdkListener:
        async with listening(api, thread_id, text) as listener:
            await listener.words()
            run_ids.append(listener.run_id)
            begun.set()
            await listener.rest()
        return listener

    with ThreadPoolExecutor(1) as threads:
        hearing = threads.submit(asyncio.run, hear_out())
        hearing.add_done_callback(lambda _: begun.set())
        assert begun.wait(SECONDS)
        if not run_ids:
            hearing.result()
        yield Hearing(run_ids[0], hearing)
