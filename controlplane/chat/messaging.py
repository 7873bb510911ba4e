"""Sends a user's message as a run: as a stream of events, or as the one answer they add up to."""

import uuid
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final, Literal, cast

from asgiref.sync import sync_to_async

from controlplane.accounts.models import CustomUser
from controlplane.agent_server.bridges import bridge_for_user
from controlplane.agent_server.patience import answered_in_time
from controlplane.api.waiting import free_thread
from controlplane.chat.branches import find_turn
from controlplane.chat.double_texting import strategy_in_force
from controlplane.chat.history import history_through
from controlplane.chat.models import ChatSession
from controlplane.errors import Conflict, NotFound, RunFailed, Unavailable
from controlplane.runs.models import Run
from sdk_bridge import (
    Bridge,
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
from sdk_bridge.runs import MultitaskStrategy

# The event before all others.
FROM_THE_START: Final = "-1"


@dataclass(frozen=True, kw_only=True)
class OutgoingMessage:
    """What a user sends; model, temperature and length are wishes that admission decides on.

    Without `text` no message is added: `regenerate` has the turn of a message answered anew, else the run
    goes on with what stands there. `checkpoint_id` is where, None being the newest.
    `on_disconnect` says what becomes of the run when the listener goes away.
    """

    text: str | None = None
    regenerate: str | None = None
    checkpoint_id: uuid.UUID | None = None
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
    strategy = await sync_to_async(strategy_in_force)(session=session)
    await free_thread()
    async with bridge_for_user(sender) as bridge:
        async with answered_in_time():
            place = await _place(bridge, session, message)
        request = _run_request(session, message, place, strategy.value)
        async with aclosing(bridge.stream_run(session.id, request)) as events:
            async for event in events:
                yield event


async def run_stream(
    *, run: Run, owner: CustomUser, last_event_id: str | None = None
) -> AsyncGenerator[Event, None]:
    """Yield what a run says after an event, or from its start; leaving it never ends the run.

    Of a run that has been over for a while only its end is told. Raises BridgeError, NotFound.
    """
    if run.thread_id is None:
        raise NotFound("There is no such run.")
    await free_thread()
    async with (
        bridge_for_user(owner) as bridge,
        aclosing(
            bridge.join_run(run.thread_id, run.pk, last_event_id=last_event_id or FROM_THE_START)
        ) as events,
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


async def _place(bridge: Bridge, session: ChatSession, message: OutgoingMessage) -> uuid.UUID | None:
    """Find the checkpoint to run from. Raises NotFound `checkpoint_not_found`, `message_not_found`."""
    if message.regenerate is None and message.checkpoint_id is None:
        return None
    history = await history_through(bridge, session, limit=1, checkpoint_id=message.checkpoint_id)
    if message.regenerate is None:
        return message.checkpoint_id
    return await find_turn(bridge, history, message_id=message.regenerate)


def _run_request(
    session: ChatSession, message: OutgoingMessage, place: uuid.UUID | None, strategy: str
) -> RunRequest:
    return RunRequest(
        message=message.text,
        goes_on=message.text is None,
        checkpoint_id=place,
        multitask_strategy=cast("MultitaskStrategy", strategy),
        # So that a page that was loaded again can join where it was.
        stream_resumable=True,
        model=message.model,
        temperature=message.temperature,
        max_tokens=message.max_tokens,
        assistant=session.graph_id,
        # A thread whose row the server lost is made again; its history is still in the checkpoints.
        if_not_exists="create",
        on_disconnect=message.on_disconnect,
    )
