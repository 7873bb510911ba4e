"""One user's client of an Agent Server, with the few moves that the scenarios are made of."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, cast

import httpx
from langgraph_sdk.client import LangGraphClient

# More than a first piece, so that whoever stops or leaves then is in the middle of an answer.
HEARD_ENOUGH = 40
LIVE = frozenset({"pending", "running"})
# Where a resumable stream begins.
FROM_THE_START = "-1"
MOST_CHECKPOINTS = 100
SECONDS = 120.0

Message = dict[str, Any]


class Skipped(Exception):
    """The server at hand cannot be brought into the position that a scenario is about."""


@dataclass(frozen=True)
class Lines:
    """What is said: `slow` has to be answered for some seconds, `failing` first with an error, then well."""

    quick: str = "Say hello."
    other: str = "Say goodbye."
    slow: str = "Tell a very long story."
    failing: str = ""


@dataclass
class Heard:
    """What one listener got of a run, in order."""

    run_id: str = ""
    last_event_id: str = ""
    text: str = ""
    events: list[tuple[str, str]] = field(default_factory=list)

    def take(self, part: Any) -> None:
        """Note one part of a stream."""
        self.last_event_id = part.id or self.last_event_id
        if part.event == "metadata":
            self.run_id = part.data["run_id"]
            return
        self.events.append((part.event, part.id))
        if part.event == "messages" and part.data[0]["type"] == "AIMessageChunk":
            self.text += text_of(part.data[0])


@dataclass
class Stage:
    """A client, what it says, and the threads that it has made."""

    client: LangGraphClient
    lines: Lines
    assistant: str = "agent"
    threads: list[str] = field(default_factory=list)

    async def new_thread(self) -> str:
        """Make a thread."""
        thread = str((await self.client.threads.create())["thread_id"])
        self.threads.append(thread)
        return thread

    async def copy(self, thread: str) -> str:
        """Fork a thread."""
        answer: Any = await self.client.threads.copy(thread)
        self.threads.append(str(answer["thread_id"]))
        return self.threads[-1]

    async def say(self, thread: str, text: str, **options: Any) -> list[Message]:
        """Say something, wait for the end and return the conversation; it must have been answered."""
        run = await self.start(thread, text, **options)
        return await self.answered(thread, run)

    async def go_on(self, thread: str, **options: Any) -> list[Message]:
        """Run without new input from a checkpoint, or from where the thread stands."""
        run: Any = await self.client.runs.create(thread, self.assistant, input=None, **options)
        return await self.answered(thread, run["run_id"])

    async def start(self, thread: str, text: str, **options: Any) -> str:
        """Say something and return the run without waiting for it."""
        run: Any = await self.client.runs.create(thread, self.assistant, input=saying(text), **options)
        return str(run["run_id"])

    async def answered(self, thread: str, run: str) -> list[Message]:
        """Wait for a run, which must succeed with an answer, and return the conversation."""
        status = await self.over(thread, run)
        assert status == "success", f"the run ended with {status}"
        messages = await self.messages(thread)
        assert messages[-1]["type"] == "ai", f"the last message is of {messages[-1]['type']}"
        return messages

    async def over(self, thread: str, run: str) -> str:
        """Wait until a run is over and return its status."""
        async with asyncio.timeout(SECONDS):
            await self.client.runs.join(thread, run)
            while (status := await self.status(thread, run)) in LIVE:  # noqa: ASYNC110  # another program knows
                await asyncio.sleep(0.1)
        return status

    async def status(self, thread: str, run: str) -> str:
        """Read how a run stands."""
        return str((await self.client.runs.get(thread, run))["status"])

    async def messages(self, thread: str, checkpoint: str | None = None) -> list[Message]:
        """Read the conversation, as it is or as it was at a checkpoint."""
        state: Any = await self.client.threads.get_state(thread, checkpoint_id=checkpoint)
        return list((state["values"] or {}).get("messages", []))

    async def leaf(self, thread: str) -> str:
        """Return the newest checkpoint."""
        state: Any = await self.client.threads.get_state(thread)
        return str(state["checkpoint"]["checkpoint_id"])

    async def history(self, thread: str) -> list[Any]:
        """Return all checkpoints, newest first."""
        return list(await self.client.threads.get_history(thread, limit=MOST_CHECKPOINTS))

    async def before(self, thread: str, message_id: str, *, leaf: str | None = None) -> str:
        """Return the checkpoint that precedes the turn of a human message, on the branch of `leaf`.

        It is the nearest ancestor that does not hold the message; input waits there to be taken in.
        """
        by_id = {one["checkpoint"]["checkpoint_id"]: one for one in await self.history(thread)}
        place: str | None = leaf or await self.leaf(thread)
        while place is not None:
            messages = (by_id[place]["values"] or {}).get("messages", [])
            if message_id not in [message["id"] for message in messages]:
                return place
            place = (by_id[place]["parent_checkpoint"] or {}).get("checkpoint_id")
        raise AssertionError("no checkpoint precedes the message")

    async def hear(self, thread: str, run: str, *, enough: int, after: str | None = None) -> Heard:
        """Join a run's stream until so much of the answer was heard, or to its end."""
        heard = Heard(run)
        stream = self.client.runs.join_stream(thread, run, last_event_id=after)
        async with asyncio.timeout(SECONDS), aclosing(_closing(stream)) as parts:
            async for part in parts:
                heard.take(part)
                if len(heard.text) >= enough:
                    break
        return heard

    async def begin(self, thread: str, **options: Any) -> Heard:
        """Ask for something long, listen until the answer is in its middle, and hang up."""
        heard = Heard()
        stream = self.client.runs.stream(
            thread,
            self.assistant,
            input=saying(self.lines.slow),
            stream_mode="messages-tuple",
            on_disconnect="continue",
            **options,
        )
        async with asyncio.timeout(SECONDS), aclosing(_closing(stream)) as parts:
            async for part in parts:
                heard.take(part)
                if len(heard.text) >= HEARD_ENOUGH:
                    return heard
        raise Skipped("the slow line was answered too soon")

    async def clear(self) -> list[str]:
        """Delete the threads; returns those that this server does not let a user delete."""
        left = []
        for thread in self.threads:
            try:
                await self.client.threads.delete(thread)
            except httpx.HTTPStatusError:
                left.append(thread)
        return left


def saying(text: str) -> dict[str, Any]:
    """Return the input of a run that answers this text."""
    return {"messages": [{"role": "user", "content": text}]}


def text_of(message: Message) -> str:
    """Return the text of a message, whose content may be in blocks."""
    content = message["content"]
    if isinstance(content, str):
        return content
    return "".join(block.get("text", "") for block in content if isinstance(block, dict))


def humans(messages: Sequence[Message]) -> list[str]:
    """Return what the user has said."""
    return [text_of(message) for message in messages if message["type"] == "human"]


def ids(messages: Sequence[Message]) -> list[str]:
    """Return the ids of messages."""
    return [str(message["id"]) for message in messages]


def _closing(stream: Any) -> AsyncGenerator[Any, None]:
    return cast("AsyncGenerator[Any, None]", stream)
