"""The one form of a refusal: status, and a JSON object with code and message as the detail."""

import json
from collections.abc import Mapping
from typing import Any

from langgraph_sdk import Auth

from graphs.errors import ControlPlaneRefused, ControlPlaneUnreachable

Denial = Auth.exceptions.HTTPException


def denial(
    status: int,
    code: str,
    message: str,
    *,
    extra: Mapping[str, Any] | None = None,
    retry_after: str | None = None,
) -> Denial:
    """Build the refusal. The server passes only strings on as detail, hence the JSON text.

    `extra` holds `fields` and `details` of the error body, where there are any.
    """
    body = {"code": code, "message": message, **(extra or {})}
    headers = {"Retry-After": retry_after} if retry_after else None
    return Denial(status, json.dumps(body), headers)


def invalid(field: str, message: str) -> Denial:
    """Refuse a request because of one of its fields."""
    return denial(422, "validation_failed", message, extra={"fields": {field: [message]}})


def from_control_plane(error: ControlPlaneRefused | ControlPlaneUnreachable) -> Denial:
    """Hand the control plane's own answer, or its silence, on to the client."""
    if isinstance(error, ControlPlaneRefused):
        return denial(
            error.status, error.reason, error.message, extra=error.details, retry_after=error.retry_after
        )
    return denial(503, error.code, str(error))
