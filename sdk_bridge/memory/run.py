"""One run of the in-memory server: its execution and the log of its events."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

from sdk_bridge.errors import StreamInterrupted
from sdk_bridge.events import Event, Interrupted, RunFailed, Token, events_of
from sdk_bridge.failures import HIDDEN_MESSAGE, failure_of
from sdk_bridge.memory.assistant import Assistant, Reply, Turn
from sdk_bridge.memory.conversation import Conversation
from sdk_bridge.messages import Message, PendingInterrupt
from sdk_bridge.runs import RunRequest, RunSnapshot, RunStatus
from sdk_bridge.usage import UsageRecord

# The families whose messages the real server passes on.
_OPEN_ERRORS = (AttributeError, KeyError, RuntimeError, TimeoutError, TypeError, ValueError)


class MemoryRun:
    """Executes an assistant on a conversation; whoever follows sees every event from then on."""

    def __init__(
        self,
        snapshot: RunSnapshot,
        request: RunRequest,
        conversation: Conversation,
        records: dict[UUID, UsageRecord],
    ) -> None:
        self.snapshot = snapshot
        self.log: list[Event] = []
        self._records = records
        self._request = request
        self._conversation = conversation
        self._before = list(conversation.messages)
        self._text: list[str] = []
        self._message_id = ""
        self._task: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()

    @property
    def thread_id(self) -> UUID:
        """The thread of this run."""
        return self.snapshot.thread_id

    def start(self, assistant: Assistant, *, after: "list[MemoryRun]") -> None:
        """Begin in the background, once the runs of `after` are over."""
        self._task = asyncio.create_task(self._execute(assistant, after))
        self._task.add_done_callback(self._conclude)

    async def finished(self) -> None:
        """Wait until the run is over."""
        while not self.snapshot.is_over:
            await self._changed.wait()

    async def cancel(self, *, rollback: bool, wait: bool) -> None:
        """Stop the run; `rollback` takes back what it wrote."""
        if self._task is None or self.snapshot.is_over:
            return
        self._task.cancel()
        if wait or rollback:
            await self.finished()
        if rollback:
            self._conversation.restore(self._before)

    async def follow(self, *, position: int, cut_after: int | None) -> AsyncGenerator[Event, None]:
        """Yield the events from `position` of the log on until the run is over."""
        start = position
        while True:
            while position < len(self.log):
                if cut_after is not None and position - start >= cut_after:
                    raise StreamInterrupted(
                        "The stream broke off before the run was over.",
                        run_id=self.snapshot.run_id,
                        last_event_id=self.log[position - 1].event_id if position else None,
                    )
                yield self.log[position]
                position += 1
            if self.snapshot.is_over:
                return
            await self._changed.wait()

    async def _execute(self, assistant: Assistant, after: "list[MemoryRun]") -> None:
        try:
            for earlier in after:
                await earlier.finished()
            self._enter("running")
            await self._answer(assistant)
        except Exception as error:  # noqa: BLE001  # whatever a graph raises is the run's failure, not the server's
            self._fail(error)
        else:
            self._enter("success")

    def _conclude(self, task: asyncio.Task[None]) -> None:
        """Note a cancellation here: a task that is cancelled before its first step runs none of its code."""
        if task.cancelled():
            self._enter("interrupted")

    async def _answer(self, assistant: Assistant) -> None:
        self._take_input()
        turn = Turn(
            run_id=self.snapshot.run_id,
            thread_id=self.snapshot.thread_id,
            request=self._request,
            messages=tuple(self._conversation.messages),
        )
        async with contextlib.AsyncExitStack() as stack:
            replies = assistant(turn)
            if isinstance(replies, AsyncGenerator):
                await stack.enter_async_context(aclosing(replies))
            async for reply in replies:
                await asyncio.sleep(0)
                if self._take(reply):
                    return
        self._complete_text()

    def _take_input(self) -> None:
        message = None
        if self._request.message is not None:
            message = Message(self._request.message_id or str(uuid4()), "human", self._request.message)
        place = self._request.checkpoint_id
        self._conversation.take(message, checkpoint_id=None if place is None else str(place))

    def _take(self, reply: Reply) -> bool:
        """Book one reply; says whether the run ends with it."""
        if isinstance(reply, str):
            self._say(reply)
            return False
        self._complete_text()
        if isinstance(reply, PendingInterrupt):
            self._conversation.interrupt((reply,))
            self._publish(Interrupted((reply,)))
            return True
        if isinstance(reply, UsageRecord):
            self._records[reply.attempt_id] = reply
        else:
            self._add(reply)
        return False

    def _say(self, piece: str) -> None:
        self._message_id = self._message_id or str(uuid4())
        self._text.append(piece)
        self._publish(Token(self._message_id, piece))

    def _complete_text(self) -> None:
        if self._text:
            self._add(Message(self._message_id, "ai", "".join(self._text)))
        self._text, self._message_id = [], ""

    def _add(self, message: Message) -> None:
        self._conversation.add(message)
        for event in events_of(message):
            self._publish(event)

    def _fail(self, error: Exception) -> None:
        message = str(error) if isinstance(error, _OPEN_ERRORS) else HIDDEN_MESSAGE
        failure = failure_of(type(error).__name__, message)
        self._publish(failure)
        self._enter("error", failure=failure)

    def _publish(self, event: Event) -> None:
        event_id = str(len(self.log)) if self._request.stream_resumable else None
        self.log.append(replace(event, event_id=event_id))
        self._wake()

    def _enter(self, status: RunStatus, *, failure: RunFailed | None = None) -> None:
        self.snapshot = replace(self.snapshot, status=status, failure=failure, updated_at=datetime.now(UTC))
        self._wake()

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
