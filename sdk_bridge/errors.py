"""What can go wrong at the Agent Server, sorted by what the caller would do about it.

BridgeError
├── Retryable                 the same call may succeed a little later
│   ├── ServerUnreachable     no connection, or the connection broke
│   ├── ServerTimedOut        no answer within the time-out
│   ├── ServerBusy            the server, or one behind it, asks to wait
│   └── StreamInterrupted     a stream was cut before its run was over: join the run again
└── Final                     repeating the same call changes nothing
    ├── InvalidRequest        400, 413, 422 and the like
    ├── Refused               401, 403
    ├── NotFound              404
    │   ├── ThreadNotFound    missing, or another user's
    │   └── RunNotFound
    ├── Conflict              409
    ├── ThreadDeleted         410
    ├── LimitReached          429 of the control plane: a limit is used up
    ├── RunRejected           a refusal by the control plane that has no class of its own
    └── ServerFailed          500, and answers that make no sense

`code` and `message` are safe to show; what the control plane said at admission comes through unchanged.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import ClassVar
from uuid import UUID


class BridgeError(Exception):
    """Root of all errors that leave this package; `fields` names what is wrong with which field."""

    default_code: ClassVar[str] = "agent_server_failed"
    retryable: ClassVar[bool] = False

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        details: Mapping[str, object] | None = None,
        fields: Mapping[str, Sequence[str]] | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code or self.default_code
        self.message = message
        self.details: Mapping[str, object] = MappingProxyType(dict(details or {}))
        self.fields: Mapping[str, Sequence[str]] = MappingProxyType(dict(fields or {}))
        self.retry_after = retry_after

    def __repr__(self) -> str:
        return f"{type(self).__name__}(code={self.code!r}, message={self.message!r})"


class Retryable(BridgeError):
    """The same call may succeed a little later; `retry_after` holds seconds where the server named them."""

    retryable = True


class ServerUnreachable(Retryable):
    """No connection could be made, or it broke before the answer was whole."""

    default_code = "agent_server_unreachable"


class ServerTimedOut(Retryable):
    """No answer came within the time-out."""

    default_code = "agent_server_timed_out"


class ServerBusy(Retryable):
    """The Agent Server, or the control plane behind it, cannot serve the call now."""

    default_code = "agent_server_busy"


class StreamInterrupted(Retryable):
    """The stream ended before its run did; the run goes on, unless disconnecting was to cancel it.

    `run_id` and `last_event_id` are what `Bridge.join_run` needs; `run_id` is None when not even the run's
    id had arrived.
    """

    default_code = "stream_interrupted"

    def __init__(self, message: str, *, run_id: UUID | None, last_event_id: str | None = None) -> None:
        super().__init__(message, details={} if run_id is None else {"run_id": str(run_id)})
        self.run_id = run_id
        self.last_event_id = last_event_id


class Final(BridgeError):
    """Repeating the same call changes nothing."""


class InvalidRequest(Final):
    """The server does not accept what was sent."""

    default_code = "invalid_request"


class Refused(Final):
    """The token is not accepted, or does not allow this call."""

    default_code = "refused"


class NotFound(Final):
    """Nothing there that this identity may see."""

    default_code = "not_found"


class ThreadNotFound(NotFound):
    """The thread does not exist, or belongs to somebody else."""

    default_code = "thread_not_found"


class RunNotFound(NotFound):
    """The run does not exist on this thread."""

    default_code = "run_not_found"


class Conflict(Final):
    """The thread is in a state that does not allow the call, or its id is taken."""

    default_code = "conflict"


class ThreadDeleted(Final):
    """The thread's id has been deleted for good."""

    default_code = "thread_deleted"


class LimitReached(Final):
    """A limit is used up: `details` holds `limit`, `used`, `remaining` and `resets_at`."""

    default_code = "limit_reached"


class RunRejected(Final):
    """The control plane said no for a reason that has no class of its own; `code` names it."""

    default_code = "run_refused"


class ServerFailed(Final):
    """The Agent Server failed, or answered something that cannot be understood."""

    default_code = "agent_server_failed"
