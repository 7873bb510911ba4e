"""The ONE table from errors to HTTP: which status, which code, and what of it a caller may read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Any, TypeVar

import psycopg
import psycopg_pool
from django.core import exceptions as django_errors
from django.db import InterfaceError, OperationalError
from django.http import Http404
from django.utils import timezone
from kombu.exceptions import OperationalError as QueueError
from redis.exceptions import RedisError
from requests import RequestException
from rest_framework import exceptions as rest_errors
from rest_framework_simplejwt.exceptions import InvalidToken, TokenError

import sdk_bridge
from controlplane import errors
from controlplane.api.invalid_fields import fields_of
from controlplane.api.parsers import MalformedForm

Found = TypeVar("Found")


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What one HTTP error says (docs/contracts.md, section 8); `retry_after` is in seconds."""

    status: int
    code: str
    message: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    retry_after: float | None = None


_OURS: dict[type[Exception], int] = {
    errors.ThreadplaneError: 500,
    errors.NotFound: 404,
    errors.Gone: 410,
    errors.Forbidden: 403,
    errors.Unauthenticated: 401,
    errors.Conflict: 409,
    errors.Outdated: 412,
    errors.Invalid: 422,
    errors.LimitReached: 429,
    errors.Unavailable: 503,
    sdk_bridge.BridgeError: 502,
    sdk_bridge.ServerUnreachable: 503,
    sdk_bridge.ServerTimedOut: 504,
    sdk_bridge.ServerBusy: 503,
    sdk_bridge.StreamInterrupted: 502,
    sdk_bridge.InvalidRequest: 422,
    # The caller was let in; that the Agent Server refuses the control plane is not the caller's fault.
    sdk_bridge.Refused: 502,
    sdk_bridge.NotFound: 404,
    sdk_bridge.Conflict: 409,
    sdk_bridge.ThreadDeleted: 410,
    sdk_bridge.LimitReached: 429,
    sdk_bridge.ServerFailed: 502,
}

# Errors of libraries: their own words may tell of addresses and queries, so the message is ours.
_THEIRS: dict[type[Exception], tuple[int, str, str]] = {
    django_errors.ValidationError: (
        422,
        "validation_failed",
        "The request has fields that cannot be accepted.",
    ),
    rest_errors.ValidationError: (
        422,
        "validation_failed",
        "The request has fields that cannot be accepted.",
    ),
    MalformedForm: (400, "malformed_form", "The body is not valid form data."),
    rest_errors.ParseError: (400, "malformed_json", "The body is not valid JSON."),
    rest_errors.AuthenticationFailed: (401, "not_authenticated", "The token or login is not valid."),
    rest_errors.NotAuthenticated: (401, "not_authenticated", "Sign in first."),
    rest_errors.PermissionDenied: (403, "permission_denied", "This is not allowed for you."),
    rest_errors.NotFound: (404, "not_found", "There is nothing here."),
    rest_errors.MethodNotAllowed: (405, "method_not_allowed", "This address does not take that method."),
    rest_errors.NotAcceptable: (406, "not_acceptable", "None of the media types asked for can be given."),
    rest_errors.UnsupportedMediaType: (
        415,
        "unsupported_media_type",
        "Send the body in a media type that is taken here.",
    ),
    rest_errors.Throttled: (429, "throttled", "Too many requests."),
    InvalidToken: (401, "token_not_valid", "The token is not valid, or no longer."),
    TokenError: (401, "not_authenticated", "The token or login is not valid."),
    Http404: (404, "not_found", "There is nothing here."),
    django_errors.PermissionDenied: (403, "permission_denied", "This is not allowed for you."),
    django_errors.RequestDataTooBig: (413, "body_too_large", "The body is too large."),
    django_errors.SuspiciousOperation: (400, "bad_request", "The request cannot be understood."),
    django_errors.BadRequest: (400, "bad_request", "The request cannot be understood."),
    # allauth, at the OpenID Connect provider.
    RequestException: (503, "sign_on_unavailable", "The sign-on does not answer. Try again in a moment."),
    OperationalError: (503, "database_unavailable", "The database does not answer. Try again in a moment."),
    InterfaceError: (503, "database_unavailable", "The database does not answer. Try again in a moment."),
    psycopg.OperationalError: (
        503,
        "database_unavailable",
        "The database does not answer. Try again in a moment.",
    ),
    psycopg_pool.PoolTimeout: (
        503,
        "database_unavailable",
        "The database does not answer. Try again in a moment.",
    ),
    QueueError: (503, "queue_unavailable", "The job queue does not answer. Try again in a moment."),
    RedisError: (503, "queue_unavailable", "The job queue does not answer. Try again in a moment."),
}

# docs/contracts.md, section 7: how a run's failure is answered.
_FAILED_RUNS: dict[str, int] = {
    "limit_reached": 429,
    "model_unreachable": 502,
    "model_timed_out": 504,
    "model_rate_limited": 503,
    "model_failed": 502,
    "model_refused": 502,
    "control_plane_unreachable": 503,
    "run_refused": 409,
    "key_refused": 409,
    "run_failed": 502,
}

_INTERNAL = Problem(status=500, code="internal_error", message="Something went wrong on our side.")


def describe(error: BaseException) -> Problem | None:
    """Say how an error is answered; None for one that nobody foresaw."""
    if isinstance(error, errors.ThreadplaneError | sdk_bridge.BridgeError):
        return _describe_ours(error)
    known = _nearest(_THEIRS, type(error))
    if known is None:
        return None
    status, code, message = known
    return Problem(
        status=status,
        code=code,
        message=message,
        fields=fields_of(error),
        retry_after=getattr(error, "wait", None),
    )


def describe_status(status: int) -> Problem:
    """Say it for an answer of which nothing but its status is known."""
    if status == _INTERNAL.status:
        return _INTERNAL
    for known, code, message in _THEIRS.values():
        if known == status:
            return Problem(status=status, code=code, message=message)
    phrase = HTTPStatus(status).phrase
    return Problem(status=status, code=phrase.lower().replace(" ", "_"), message=f"{phrase}.")


def _describe_ours(error: errors.ThreadplaneError | sdk_bridge.BridgeError) -> Problem:
    status = _nearest(_OURS, type(error))
    if isinstance(error, errors.RunFailed):
        status = _FAILED_RUNS.get(error.code, _FAILED_RUNS["run_failed"])
    return Problem(
        status=status or _INTERNAL.status,
        code=error.code,
        message=error.message,
        fields=dict(getattr(error, "fields", {})),
        details=dict(error.details),
        retry_after=_seconds_to_wait(error),
    )


def _seconds_to_wait(error: errors.ThreadplaneError | sdk_bridge.BridgeError) -> float | None:
    known: float | None = getattr(error, "retry_after", None)
    resets_at = error.details.get("resets_at")
    if known is not None or not isinstance(resets_at, str):
        return known
    try:
        moment = datetime.fromisoformat(resets_at)
    except ValueError:
        return None
    return (moment - timezone.now()).total_seconds() if moment.tzinfo else None


def _nearest(table: Mapping[type[Exception], Found], kind: type[BaseException]) -> Found | None:
    return next((table[base] for base in kind.__mro__ if base in table), None)
