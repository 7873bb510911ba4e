"""What the in-memory server holds, and who may see it."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

from sdk_bridge.errors import BridgeError, Refused, RunNotFound, ServerTimedOut, ThreadNotFound
from sdk_bridge.memory.assistant import Assistant
from sdk_bridge.memory.conversation import Conversation
from sdk_bridge.memory.identity import Identity
from sdk_bridge.memory.run import MemoryRun
from sdk_bridge.runs import RunRequest, ServiceAnswer, ServiceRun
from sdk_bridge.threads import Thread, ThreadStatus
from sdk_bridge.timeouts import Timeouts
from sdk_bridge.usage import UsageRecord


@dataclass(frozen=True, slots=True)
class RunAttempt:
    """A run that asks to be admitted; the thread may be missing or another's, as on the real server."""

    identity: Identity
    thread_id: UUID
    run_id: UUID
    request: RunRequest


Identify = Callable[[str], Identity]
Admission = Callable[[RunAttempt], Awaitable[None]]
# Takes the place of graphs that run without a thread; refuses by raising a BridgeError.
ServiceGraph = Callable[[ServiceRun], Awaitable[ServiceAnswer]]


async def answer_nothing(request: ServiceRun) -> ServiceAnswer:  # noqa: ARG001  # a service graph's signature
    """End without an output."""
    return ServiceAnswer({})


@dataclass(slots=True)
class Faults:
    """How the server misbehaves: `fail_with` is raised by each call, `latency` is in seconds per call.

    `cut_streams_after` breaks every stream off after that many events, RunStarted not counted.
    """

    fail_with: BridgeError | None = None
    latency: float = 0.0
    cut_streams_after: int | None = None


@dataclass(slots=True)
class ServerState:
    """Everything that the identities of one in-memory server share."""

    identify: Identify
    assistants: Mapping[str, Assistant]
    admit: Admission | None
    timeouts: Timeouts
    serve: ServiceGraph = answer_nothing
    faults: Faults = field(default_factory=Faults)
    threads: dict[UUID, Thread] = field(default_factory=dict)
    conversations: dict[UUID, Conversation] = field(default_factory=lambda: defaultdict(Conversation))
    runs: dict[UUID, MemoryRun] = field(default_factory=dict)
    records: dict[UUID, dict[UUID, UsageRecord]] = field(default_factory=lambda: defaultdict(dict))
    items: dict[tuple[str, ...], dict[str, object]] = field(default_factory=dict)

    async def enter(self, token: str) -> Identity:
        """Begin a call: misbehave as told, then say who calls. Raises Refused for an unknown token."""
        await asyncio.sleep(min(self.faults.latency, self.timeouts.request))
        if self.faults.latency > self.timeouts.request:
            raise ServerTimedOut("The Agent Server did not answer in time.")
        if self.faults.fail_with is not None:
            raise self.faults.fail_with
        try:
            return self.identify(token)
        except KeyError as error:
            raise Refused("unknown token") from error

    def thread_seen_by(self, identity: Identity, thread_id: UUID) -> Thread:
        """Find a thread of this identity. Raises ThreadNotFound."""
        thread = self.threads.get(thread_id)
        if thread is None or not owns(identity, thread):
            raise ThreadNotFound("The thread does not exist.")
        return replace(thread, status=self._status_of(thread_id))

    def run_seen_by(self, identity: Identity, thread_id: UUID, run_id: UUID) -> MemoryRun:
        """Find a run of a thread of this identity. Raises RunNotFound."""
        thread, run = self.threads.get(thread_id), self.runs.get(run_id)
        if thread is None or run is None or not owns(identity, thread) or run.thread_id != thread_id:
            raise RunNotFound("The run does not exist.")
        return run

    def runs_of(self, thread_id: UUID) -> list[MemoryRun]:
        """The runs of a thread, oldest first."""
        return [run for run in self.runs.values() if run.thread_id == thread_id]

    def live_runs_of(self, thread_id: UUID) -> list[MemoryRun]:
        """The runs of a thread that are not over."""
        return [run for run in self.runs_of(thread_id) if not run.snapshot.is_over]

    def _status_of(self, thread_id: UUID) -> ThreadStatus:
        runs = self.runs_of(thread_id)
        if any(not run.snapshot.is_over for run in runs):
            return "busy"
        if self.conversations[thread_id].interrupts:
            return "interrupted"
        return "error" if runs and runs[-1].snapshot.status == "error" else "idle"


def owns(identity: Identity, thread: Thread) -> bool:
    """Whether the identity may see the thread."""
    return identity.is_service or thread.metadata["owner"] == identity.id
