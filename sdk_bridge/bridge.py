"""The interface of the bridge, which the real one and the in-memory double both have."""

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from sdk_bridge.events import Event
from sdk_bridge.messages import History
from sdk_bridge.runs import RunHandle, RunRequest, RunSnapshot, ServiceAnswer, ServiceRun
from sdk_bridge.threads import Thread
from sdk_bridge.usage import UsageRecord


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """Which server answers."""

    version: str
    langgraph_version: str


class ThreadCalls(Protocol):
    """Threads and what was said on them. Every call repeats safely and is retried when it may help."""

    async def create_thread(
        self, thread_id: UUID, *, graph_id: str = "agent", metadata: Mapping[str, object] | None = None
    ) -> Thread:
        """Create a thread; an own one with this id is returned as it is.

        Raises Conflict when the id belongs to somebody else.
        """
        ...

    async def get_thread(self, thread_id: UUID) -> Thread:
        """Read a thread. Raises ThreadNotFound."""
        ...

    async def restore_thread(
        self, thread_id: UUID, *, graph_id: str = "agent", owner_id: UUID | None = None
    ) -> Thread:
        """Make the row of a thread again that the server has lost; its history is found again at once.

        The service names the owner, who would be kept out of their own thread otherwise.
        """
        ...

    async def read_history(
        self,
        thread_id: UUID,
        *,
        limit: int = 100,
        before: int | None = None,
        checkpoint_id: UUID | None = None,
    ) -> History:
        """Read the newest `limit` messages, or those before the message with index `before`.

        With `checkpoint_id` as they were there. A thread without a run yet has an empty history, and so has
        a checkpoint that is not the thread's. Raises ThreadNotFound.
        """
        ...

    async def list_threads(
        self,
        *,
        limit: int = 100,
        offset: int = 0,
        owner_id: UUID | None = None,
        thread_ids: Collection[UUID] | None = None,
    ) -> tuple[Thread, ...]:
        """List threads, the oldest first, without what was said on them.

        With `owner_id` those of one owner, with `thread_ids` those of them that there are. A thread that is
        deleted between two pages may hide one from whoever reads them.
        """
        ...

    async def delete_thread(self, thread_id: UUID) -> None:
        """Delete a thread with its checkpoints; one that is gone already is no error."""
        ...

    async def find_threads(self, owner_id: UUID, *, limit: int = 100) -> tuple[UUID, ...]:
        """Name up to `limit` threads of an owner: delete them, then ask again."""
        ...


class RunCalls(Protocol):
    """Runs of a thread. Starting one is never retried: a repeat could be a second run."""

    async def start_run(self, thread_id: UUID, request: RunRequest) -> RunHandle:
        """Start a run in the background; `on_disconnect` has no meaning here."""
        ...

    def stream_run(self, thread_id: UUID, request: RunRequest) -> AsyncGenerator[Event, None]:
        """Start a run and yield its events, from RunStarted to RunEnded.

        Whoever iterates owns the stream and must close it (`contextlib.aclosing`). Refusals are raised before
        the first event; a failure of the run is an event. Raises StreamInterrupted when the stream is cut.
        """
        ...

    def join_run(
        self, thread_id: UUID, run_id: UUID, *, last_event_id: str | None = None
    ) -> AsyncGenerator[Event, None]:
        """Yield the further events of a run, from RunStarted to RunEnded; closing it never cancels the run.

        With `last_event_id` a resumable run repeats what came after that event; a run that is not resumable
        gives only what comes from now on.
        """
        ...

    async def wait_for_run(self, thread_id: UUID, run_id: UUID) -> RunSnapshot:
        """Wait until a run is over, at most `Timeouts.run`. Raises RunNotFound, ServerTimedOut."""
        ...

    async def get_run(self, thread_id: UUID, run_id: UUID) -> RunSnapshot:
        """Read a run. Raises RunNotFound, also when the whole thread is missing."""
        ...

    async def list_runs(
        self, thread_id: UUID, *, limit: int = 50, offset: int = 0
    ) -> tuple[RunSnapshot, ...]:
        """List a thread's runs, newest first."""
        ...

    async def cancel_run(
        self, thread_id: UUID, run_id: UUID, *, rollback: bool = False, wait: bool = True
    ) -> None:
        """Cancel a run; `rollback` also takes back what it wrote, and the run itself is gone then.

        A run that is over already is left as it is. With `wait` returns when the run is over.
        """
        ...


class ServiceRunCalls(Protocol):
    """Runs without a thread; for the service's identity only."""

    async def run_for_service(self, request: ServiceRun, *, within: float) -> ServiceAnswer:
        """Run a graph to its end and give its output; never retried.

        After `within` seconds the run is cancelled. A failure of the run is part of the answer; refusals are
        raised, and ServerTimedOut.
        """
        ...


class UsageCalls(Protocol):
    """The records that model nodes leave; for the service's identity only."""

    async def list_usage_records(self, run_id: UUID) -> tuple[UsageRecord, ...]:
        """Read the records of a run, at most 10 000 at a time: delete what was booked, then ask again."""
        ...

    async def list_recorded_runs(self, *, limit: int = 100, offset: int = 0) -> tuple[UUID, ...]:
        """List the runs of which there are records; of some that are listed all may be deleted again."""
        ...

    async def delete_usage_record(self, run_id: UUID, attempt_id: UUID) -> None:
        """Delete one record; one that is gone already is no error."""
        ...


class StoreCalls(Protocol):
    """What else is kept in the store; for the service's identity."""

    async def erase_items(self, namespace: Sequence[str]) -> int:
        """Delete every item in and below a namespace; returns how many there were."""
        ...


class Bridge(ThreadCalls, RunCalls, ServiceRunCalls, UsageCalls, StoreCalls, Protocol):
    """The Agent Server as one identity sees it. All calls raise `BridgeError` and nothing else."""

    async def server_info(self) -> ServerInfo:
        """Say which server answers."""
        ...

    async def is_alive(self) -> bool:
        """Whether the server answers its health check; never raises, never retries."""
        ...


class AgentServer(Protocol):
    """A connection to the Agent Server, shared by all identities."""

    def acting_as(self, token: str) -> Bridge:
        """Give the view of the token's owner; cheap, holds no resources."""
        ...
