"""Sends a user's message as a run: as a stream of events, or as the one answer they add up to."""

import uuid
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Literal

from controlplane.accounts.models import CustomUser
from controlplane.agent_server.bridges import bridge_for_user
from controlplane.agent_server.patience import answered_in_time
from controlplane.api.waiting import free_thread
from controlplane.chat.models import ChatSession
from controlplane.errors import Conflict, RunFailed, Unavailable
from controlplane.runs.models import Run
from sdk_bridge import (
    Event,
    Interrupted,
    Message,
    MessageCompleted,
    PendingInterrupt,
    RunEnded,
    RunRequest,
    RunStarted,
)
from sdk_bridge import RunFailed as RunFailedEvent


@dataclass(frozen=True, kw_only=True)
class OutgoingMessage:
    """What a user sends; model, temperature and length are wishes that admission decides on.

    `on_disconnect` says what becomes of the run when the listener goes away.
    """

    text: str
    model: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    on_disconnect: Literal["cancel", "continue"] = "continue"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """How a run ended that did not fail; `message` is None when the graph waits for answers."""

    run_id: uuid.UUID
    status: str
    message: Message | None = None
    interrupts: Sequence[PendingInterrupt] = field(default_factory=tuple)


async def message_stream(
    *, session: ChatSession, sender: CustomUser, message: OutgoingMessage
) -> AsyncGenerator[Event, None]:
    """Start a run and yield its events; the one who iterates must close this.

    Raises Conflict for an archived session and BridgeError for a refusal, both before the first event; later
    only StreamInterrupted and its kin.
    """
    if session.is_archived:
        raise Conflict("The session is archived. Restore it first.", code="session_archived")
    await free_thread()
    async with (
        bridge_for_user(sender) as bridge,
        aclosing(bridge.stream_run(session.id, _run_request(session, message))) as events,
    ):
        async for event in events:
            yield event


async def message_answer(*, session: ChatSession, sender: CustomUser, message: OutgoingMessage) -> Answer:
    """Wait for the run's end and give its last assistant message.

    Raises RunFailed besides the errors of a stream.
    """
    run_id: uuid.UUID | None = None
    last: Message | None = None
    interrupts: tuple[PendingInterrupt, ...] = ()
    async with aclosing(message_stream(session=session, sender=sender, message=message)) as events:
        async for event in events:
            match event:
                case RunStarted():
                    run_id = event.run_id
                case MessageCompleted(message=completed) if completed.role == "ai":
                    last = completed
                case Interrupted():
                    interrupts = event.interrupts
                case RunFailedEvent():
                    raise RunFailed(
                        event.message,
                        code=event.code,
                        details={**event.details, "run_id": str(run_id)},
                    )
                case RunEnded():
                    return Answer(
                        run_id=event.run_id, status=event.status, message=last, interrupts=interrupts
                    )
    raise Unavailable("The answer ended before the run did.", code="stream_interrupted")


async def run_cancel(*, run: Run, owner: CustomUser) -> None:
    """Stop a run; one that is over is left as it is. Raises BridgeError."""
    if run.thread_id is None:
        return
    await free_thread()
    async with answered_in_time(), bridge_for_user(owner) as bridge:
        await bridge.cancel_run(run.thread_id, run.pk, wait=False)


def _run_request(session: ChatSession, message: OutgoingMessage) -> RunRequest:
    return RunRequest(
        message=message.text,
        model=message.model,
        temperature=message.temperature,
        max_tokens=message.max_tokens,
        assistant=session.graph_id,
        # A thread whose row the server lost is made again; its history is still in the checkpoints.
        if_not_exists="create",
        on_disconnect=message.on_disconnect,
    )
