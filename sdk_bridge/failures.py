"""Which error code a failed run has: the table of docs/contracts.md, section 7.

The Agent Server reports an exception's class name, and its message only for builtin families, subclasses
of RuntimeError among them; else it says `HIDDEN_MESSAGE`. Messages of classes outside the table may hold
anything and are never shown.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sdk_bridge.events import RunFailed

HIDDEN_MESSAGE: Final = "An internal error occurred"


@dataclass(frozen=True, slots=True)
class _Failure:
    code: str
    retryable: bool
    message: str


_FAILURES: Final[Mapping[str, _Failure]] = {
    "LimitReached": _Failure("limit_reached", retryable=False, message="A usage limit is reached."),
    "ModelUnreachable": _Failure(
        "model_unreachable", retryable=True, message="The model could not be reached."
    ),
    "ModelTimedOut": _Failure(
        "model_timed_out", retryable=True, message="The model took too long to answer."
    ),
    "ModelRateLimited": _Failure(
        "model_rate_limited", retryable=True, message="The model is busy. Please try again shortly."
    ),
    "ModelFailed": _Failure("model_failed", retryable=True, message="The model failed to answer."),
    "ModelRefused": _Failure("model_refused", retryable=False, message="The model refused the request."),
    "KeyRefused": _Failure(
        "key_refused", retryable=False, message="The provider does not accept your API key."
    ),
    "ControlPlaneUnreachable": _Failure(
        "control_plane_unreachable", retryable=True, message="The control plane could not be reached."
    ),
    "RunRefused": _Failure("run_refused", retryable=False, message="The run was refused."),
}
_UNKNOWN: Final = _Failure("run_failed", retryable=False, message="The run failed.")


def failure_of(error_class: str, message: str = "", *, event_id: str | None = None) -> RunFailed:
    """Translate what the server reports of a failed run.

    A message of a known class may be a JSON object with `message` and `details`.
    """
    known = _FAILURES.get(error_class)
    if known is None:
        return RunFailed(_UNKNOWN.code, _UNKNOWN.message, retryable=_UNKNOWN.retryable, event_id=event_id)
    text, details = _read(message)
    return RunFailed(known.code, text or known.message, known.retryable, details, event_id=event_id)


def _read(message: str) -> tuple[str, Mapping[str, object]]:
    if message == HIDDEN_MESSAGE:
        return "", {}
    if not message.startswith("{"):
        return message, {}
    try:
        parsed = json.loads(message)
    except ValueError:
        return message, {}
    details = parsed.get("details")
    return str(parsed.get("message") or ""), details if isinstance(details, dict) else {}
