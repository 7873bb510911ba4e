"""Translation of what HTTP and the SDK raise into the bridge's errors."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
from langgraph_sdk.errors import APIError

from sdk_bridge.errors import (
    BridgeError,
    Conflict,
    InvalidRequest,
    LimitReached,
    NotFound,
    Refused,
    RunNotFound,
    RunRejected,
    ServerBusy,
    ServerFailed,
    ServerTimedOut,
    ServerUnreachable,
    ThreadDeleted,
    ThreadNotFound,
)

_BY_CODE: Final[Mapping[str, type[BridgeError]]] = {
    "limit_reached": LimitReached,
    "thread_deleted": ThreadDeleted,
    "thread_not_found": ThreadNotFound,
    "run_not_found": RunNotFound,
}
_BY_STATUS: Final[Mapping[int, type[BridgeError]]] = {
    400: InvalidRequest,
    401: Refused,
    403: Refused,
    409: Conflict,
    410: ThreadDeleted,
    413: InvalidRequest,
    422: InvalidRequest,
    429: ServerBusy,
    502: ServerBusy,
    503: ServerBusy,
    504: ServerBusy,
}
_MESSAGES: Final[Mapping[type[BridgeError], str]] = {
    ServerBusy: "The Agent Server cannot serve this now.",
    ServerFailed: "The Agent Server failed.",
    ThreadNotFound: "The thread does not exist.",
    RunNotFound: "The run does not exist.",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """What an error answer says: the control plane's words, or a plain text of the server."""

    status: int
    code: str | None
    message: str | None
    details: Mapping[str, Any] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)
    retry_after: float | None = None


def translate(error: httpx.HTTPError, *, missing: type[NotFound]) -> BridgeError:
    """Give the bridge's error for one of httpx or the SDK; `missing` is what a 404 means here."""
    if isinstance(error, httpx.HTTPStatusError):
        return refused(read_refusal(error), missing=missing)
    if isinstance(error, httpx.ConnectTimeout):
        return ServerUnreachable("The Agent Server cannot be reached.")
    if isinstance(error, httpx.TimeoutException):
        return ServerTimedOut("The Agent Server did not answer in time.")
    # The class itself, not one of its kinds: the SDK says so that an answer is no event stream.
    if isinstance(error, httpx.TransportError) and type(error) is not httpx.TransportError:
        return ServerUnreachable("The Agent Server cannot be reached.")
    return ServerFailed("The Agent Server's answer cannot be read.")


def refused(refusal: Refusal, *, missing: type[NotFound]) -> BridgeError:
    """Choose the error of a refusal: by its code where that has a class, else by its status."""
    error_class = _BY_CODE.get(refusal.code or "") or _class_of_status(refusal, missing=missing)
    return error_class(
        _message(refusal, error_class),
        code=refusal.code,
        details=refusal.details,
        fields=refusal.fields,
        retry_after=refusal.retry_after,
    )


def _class_of_status(refusal: Refusal, *, missing: type[NotFound]) -> type[BridgeError]:
    if refusal.status == httpx.codes.NOT_FOUND:
        # With a code it is not about the thread or run that was asked for, but say an assistant.
        return NotFound if refusal.code else missing
    if refusal.status in _BY_STATUS:
        return _BY_STATUS[refusal.status]
    if refusal.status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return ServerFailed
    return RunRejected if refusal.code else InvalidRequest


def _message(refusal: Refusal, error_class: type[BridgeError]) -> str:
    """Show the server's own words only where they are meant for clients."""
    if refusal.code and refusal.message:
        return refusal.message
    if error_class in _MESSAGES:
        return _MESSAGES[error_class]
    return refusal.message or f"The Agent Server answered {refusal.status}."


def read_refusal(error: httpx.HTTPStatusError) -> Refusal:
    """Read an error answer; its `detail` is plain text or JSON (docs/contracts.md, section 2)."""
    response = error.response
    body = error.body if isinstance(error, APIError) else _json(response.text)
    retry_after = _seconds(response.headers.get("retry-after"))
    detail = body.get("detail") if isinstance(body, dict) else body
    said = _json(detail) if isinstance(detail, str) else detail
    if not isinstance(said, dict):
        text = detail if isinstance(detail, str) else None
        return Refusal(response.status_code, None, text, retry_after=retry_after)
    code, message = said.get("code"), said.get("message")
    return Refusal(
        response.status_code,
        code if isinstance(code, str) else None,
        message if isinstance(message, str) else None,
        details=_object(said.get("details")),
        fields=_object(said.get("fields")),
        retry_after=retry_after,
    )


def _json(text: str) -> object:
    try:
        parsed: object = json.loads(text)
    except ValueError:
        return text
    return parsed


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _seconds(value: str | None) -> float | None:
    """Read Retry-After in seconds; its other form, a date, is passed over."""
    try:
        return None if value is None else max(0.0, float(value))
    except ValueError:
        return None
