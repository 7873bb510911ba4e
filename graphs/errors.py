"""The errors a run ends with, told apart by what a client would do about them.

    GraphError                      message is safe for users
    ├── RetryLater                  the same request may succeed later
    │   ├── ModelUnreachable
    │   ├── ModelTimedOut
    │   ├── ModelRateLimited
    │   ├── ModelFailed
    │   └── ControlPlaneUnreachable
    ├── GiveUp                      the same request will fail again
    │   ├── LimitReached
    │   ├── ModelRefused
    │   ├── KeyRefused
    │   └── RunRefused
    └── ControlPlaneRefused         an answer of the control plane; never ends a run as it is

The Agent Server reports class name and message; the names are part of docs/contracts.md. It reports the
message of built-in kinds of errors alone, so the root is one of them.
"""

import json
from collections.abc import Mapping
from typing import Any, ClassVar


class GraphError(RuntimeError):
    """Root of everything raised on purpose by the graphs."""

    code: ClassVar[str] = "run_failed"
    is_retryable: ClassVar[bool] = False


class RetryLater(GraphError):
    """The same request may succeed later.

    `pause_seconds` is how long to wait before it is worth another attempt of this run; None: it is not.
    """

    is_retryable: ClassVar[bool] = True
    pause_seconds: float | None = None


class GiveUp(GraphError):
    """The same request will fail again."""


class ModelUnreachable(RetryLater):
    """No connection to the model's server, or it broke off in the middle of an answer."""

    code: ClassVar[str] = "model_unreachable"


class ModelTimedOut(RetryLater):
    """The model's server was silent for too long, or the call took too long as a whole."""

    code: ClassVar[str] = "model_timed_out"


class ModelRateLimited(RetryLater):
    """The model's server asked for fewer requests."""

    code: ClassVar[str] = "model_rate_limited"


class ModelFailed(RetryLater):
    """The model's server answered with a fault of its own."""

    code: ClassVar[str] = "model_failed"


class ControlPlaneUnreachable(RetryLater):
    """The control plane could not be asked, or its answer made no sense.

    `may_have_acted` says whether the question may have arrived, so that only its answer was lost.
    """

    code: ClassVar[str] = "control_plane_unreachable"

    def __init__(self, message: str, *, may_have_acted: bool = False) -> None:
        """Take it for not asked unless it is said otherwise."""
        super().__init__(message)
        self.may_have_acted = may_have_acted


class LimitReached(GiveUp):
    """A limit of the user's is used up; `details` say which, in the terms of docs/contracts.md, section 2."""

    code: ClassVar[str] = "limit_reached"

    def __init__(self, message: str, *, details: Mapping[str, Any] | None = None) -> None:
        """Keep the details with the message."""
        super().__init__(_worded(message, details))


class ModelRefused(GiveUp):
    """The model's server rejected the request: the house's key, an unknown model, bad parameters."""

    code: ClassVar[str] = "model_refused"


class KeyRefused(GiveUp):
    """The provider did not accept the user's own key; `provider` says whose key it is."""

    code: ClassVar[str] = "key_refused"

    def __init__(self, message: str, *, provider: str = "") -> None:
        """Keep the provider with the message: its user has to know which of their keys it is."""
        super().__init__(_worded(message, {"provider": provider} if provider else None))


class RunRefused(GiveUp):
    """The control plane does not let this run go on; `reason` is its own code for why."""

    code: ClassVar[str] = "run_refused"

    def __init__(self, message: str, *, reason: str = "") -> None:
        """Keep the reason with the message: clients tell by it what their user has to do."""
        super().__init__(_worded(message, {"reason": reason} if reason else None))


class ControlPlaneRefused(GraphError):
    """The control plane said no; `status` is its HTTP status, `reason` the code in its error body."""

    def __init__(
        self, message: str, *, status: int, reason: str, details: Mapping[str, Any], retry_after: str | None
    ) -> None:
        """Keep what the caller passes on to its own client."""
        super().__init__(message)
        self.message = message
        self.status = status
        self.reason = reason
        self.details = details
        self.retry_after = retry_after


def _worded(message: str, details: Mapping[str, Any] | None) -> str:
    """Put the details into the message: the server reports nothing else of an error."""
    return json.dumps({"message": message, "details": details}) if details else message
