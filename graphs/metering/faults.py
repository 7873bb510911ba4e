"""Translates what the OpenAI client and its connection raise into the errors a run may end with."""

import httpx
import openai

from graphs.errors import (
    GraphError,
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
BAD_KEY = "The model's server did not accept the key."
UNKNOWN_MODEL = "The model's server does not know this model."


def translate(error: BaseException) -> GraphError | None:
    """Return our error for a client's one; None for what is not the model's doing.

    Messages never quote the provider: its words may hold parts of keys and prompts.
    """
    match error:
        case openai.APITimeoutError() | httpx.TimeoutException() | TimeoutError():
            return ModelTimedOut(TIMED_OUT)
        case openai.APIConnectionError() | httpx.TransportError():
            return ModelUnreachable(UNREACHABLE)
        case openai.APIStatusError():
            return _by_status(error.status_code)
        case openai.OpenAIError():
            return ModelFailed(FAILED)
    return None


def was_answered_without_work(error: BaseException) -> bool:
    """Whether the call ended before any model saw the prompt: no connection, or an error status."""
    if isinstance(error, openai.APITimeoutError):
        return isinstance(error.__cause__, httpx.ConnectTimeout | httpx.PoolTimeout)
    if isinstance(error, openai.APIConnectionError):
        return isinstance(error.__cause__, httpx.ConnectError)
    return isinstance(error, openai.APIStatusError)


def _by_status(status: int) -> GraphError:
    if status == httpx.codes.TOO_MANY_REQUESTS:
        return ModelRateLimited(RATE_LIMITED)
    if status in (httpx.codes.REQUEST_TIMEOUT, httpx.codes.GATEWAY_TIMEOUT):
        return ModelTimedOut(TIMED_OUT)
    if status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return ModelFailed(FAILED)
    if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        return ModelRefused(BAD_KEY)
    if status == httpx.codes.NOT_FOUND:
        return ModelRefused(UNKNOWN_MODEL)
    return ModelRefused(REFUSED)
