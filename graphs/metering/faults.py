"""Translates what the OpenAI client and its connection raise into the errors a run may end with."""

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


def was_never_worked_on(error: BaseException) -> bool:
    """Whether the call ended before any model saw the prompt: an error status, or no connection at all."""
    if isinstance(error, openai.APIStatusError):
        return True
    causes = (type(cause).__name__ for cause in _causes(error))
    return isinstance(error, openai.APIConnectionError) and not NOT_CONNECTED.isdisjoint(causes)


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
