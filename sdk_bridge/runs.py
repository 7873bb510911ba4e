"""What a run is asked to do, and what is known of it afterwards."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Final, Literal
from uuid import UUID

from sdk_bridge.events import RunFailed

RunStatus = Literal["pending", "running", "success", "error", "timeout", "interrupted"]
MultitaskStrategy = Literal["reject", "interrupt", "rollback", "enqueue"]

LIVE_STATUSES: Final[frozenset[RunStatus]] = frozenset({"pending", "running"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """What a run shall do: either answer `message`, or go on from an interrupt with `resume`.

    `message_id` becomes the id of the human message, so that a repeat replaces instead of adding. `model`,
    `temperature` and `max_tokens` are wishes: admission decides. `resume` is whatever the interrupted graph
    expects; None cannot be sent. Raises ValueError when both or none of the two are given.
    """

    on_disconnect: Literal["cancel", "continue"]
    message: str | None = None
    message_id: str | None = None
    resume: object = None
    model: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    assistant: str = "agent"
    if_not_exists: Literal["create", "reject"] = "reject"
    multitask_strategy: MultitaskStrategy = "reject"
    stream_resumable: bool = False
    metadata: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        if (self.message is None) == (self.resume is None):
            raise ValueError("a run either answers a message or resumes")


@dataclass(frozen=True, slots=True)
class RunHandle:
    """A run that was started in the background."""

    run_id: UUID
    thread_id: UUID
    status: RunStatus


@dataclass(frozen=True, slots=True)
class RunSnapshot:
    """What the Agent Server says of a run now.

    `failure` is known only after waiting for the run (`Bridge.wait_for_run`) and only for a failed one.
    """

    run_id: UUID
    thread_id: UUID
    status: RunStatus
    created_at: datetime
    updated_at: datetime
    metadata: Mapping[str, object]
    failure: RunFailed | None = None

    @property
    def is_over(self) -> bool:
        """Whether the run has ended, however it did."""
        return self.status not in LIVE_STATUSES


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRun:
    """A run of the control plane's own that leaves nothing behind: no thread, no messages, only its answer.

    `user_id` is whom it is billed to. With `source_thread_id` the graph reads that conversation by itself, so
    that nothing of it travels.
    """

    assistant: str
    input: Mapping[str, object]
    user_id: UUID
    source_thread_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class ServiceAnswer:
    """What a service run ended with: the graph's output, or why it failed."""

    values: Mapping[str, object]
    failure: RunFailed | None = None
