"""Translates what the OpenAI client and its connection raise into the errors a run may end with."""

import math
from collections.abc import Iterator
from http import HTTPStatus

import openai

from graphs.errors import (
    GraphError,
    KeyRefused,
    ModelFailed,
    ModelRateLimited,
    ModelRefused,
    ModelTimedOut,
    ModelUnreachable,
)

UNREACHABLE = "The model's server cannot be reached."
TIMED_OUT = "The model took too long to answer."
RATE_LIMITED = "The model's server is busy. Try again in a moment."
FAILED = "The model's server failed to answer."
REFUSED = "The model's server did not accept the request."
BAD_KEY = "The model's server does not accept the key of this installation."
BAD_OWN_KEY = "{provider} does not accept your API key. Enter it anew, or have it validated."
UNKNOWN_MODEL = "The model's server does not know this model."

# By name: the client may bring either of two HTTP libraries, and they share these names.
NOT_CONNECTED = frozenset({"ConnectError", "ConnectTimeout", "PoolTimeout"})
# Providers say so with 403 as well when a good key may not use one model.
NOT_THIS_MODEL = "model_not_found"
# Said with 429 as well: not a pace that was too fast, but an account that is used up.
NO_CREDIT = "insufficient_quota"
TRANSIENT = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)


def translate(error: BaseException, *, own_key_of: str | None = None) -> GraphError | None:
    """Return our error for a client's one; None for what is not the model's doing.

    `own_key_of` is the provider whose key the user brought; None is the house's key.
    Messages never quote the provider: its words may hold parts of keys and prompts.
    """
    match error:
        case openai.APITimeoutError() | TimeoutError():
            return ModelTimedOut(TIMED_OUT)
        case openai.APIConnectionError():
            return ModelUnreachable(UNREACHABLE)
        case openai.APIStatusError() if _is_about_key(error):
            return _bad_key(own_key_of)
        case openai.APIStatusError():
            return _by_status(error.status_code)
        case openai.OpenAIError():
            return ModelFailed(FAILED)
    return None


def pause_after(error: BaseException) -> float | None:
    """Say how many seconds to wait before the same request is worth another attempt; None: it is not.

    A server that was silent for too long has had its time, and one that is out of credit stays so.
    """
    if isinstance(error, openai.APITimeoutError):
        return None
    if isinstance(error, openai.APIConnectionError):
        return 0.0
    if not isinstance(error, openai.APIStatusError) or error.code == NO_CREDIT:
        return None
    return _asked_pause(error) if error.status_code in TRANSIENT else None


def was_never_worked_on(error: BaseException) -> bool:
    """Whether the call ended before any model saw the prompt: an error status, or no connection at all."""
    if isinstance(error, openai.APIStatusError):
        return True
    causes = (type(cause).__name__ for cause in _causes(error))
    return isinstance(error, openai.APIConnectionError) and not NOT_CONNECTED.isdisjoint(causes)


def _asked_pause(error: openai.APIStatusError) -> float:
    """Read Retry-After in seconds; dates, which these servers do not send, count as nothing asked."""
    try:
        seconds = float(error.response.headers.get("Retry-After", ""))
    except ValueError:
        return 0.0
    return seconds if math.isfinite(seconds) and seconds > 0 else 0.0


def _causes(error: BaseException) -> Iterator[BaseException]:
    while error.__cause__ is not None:
        error = error.__cause__
        yield error


def _is_about_key(error: openai.APIStatusError) -> bool:
    if error.status_code == HTTPStatus.FORBIDDEN:
        return error.code != NOT_THIS_MODEL
    return error.status_code == HTTPStatus.UNAUTHORIZED


def _bad_key(own_key_of: str | None) -> GraphError:
    if own_key_of is None:
        return ModelRefused(BAD_KEY)
    return KeyRefused(BAD_OWN_KEY.format(provider=own_key_of), provider=own_key_of)


def _by_status(status: int) -> GraphError:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return ModelRateLimited(RATE_LIMITED)
    if status in (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.GATEWAY_TIMEOUT):
        return ModelTimedOut(TIMED_OUT)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ModelFailed(FAILED)
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN):
        return ModelRefused(UNKNOWN_MODEL)
    return ModelRefused(REFUSED)
