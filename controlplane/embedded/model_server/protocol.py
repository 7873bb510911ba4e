"""OpenAI's protocol around the models: who may ask, what a request looks like, how an error looks."""

import json
import secrets
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

MOST_BODY_BYTES = 8_000_000


class RequestRefused(Exception):
    """Raised for a request that is not served; the message is for the caller."""

    def __init__(self, status: int, code: str, message: str, *, param: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.param = param


def error_response(refusal: RequestRefused) -> JSONResponse:
    """Return a refusal in OpenAI's shape."""
    kind = "server_error" if refusal.status >= 500 else "invalid_request_error"  # noqa: PLR2004  # HTTP
    error = {"message": refusal.message, "type": kind, "param": refusal.param, "code": refusal.code}
    return JSONResponse({"error": error}, status_code=refusal.status)


def check_key(request: Request, expected: str | None) -> None:
    """Refuse a request without the right bearer key, unless none is expected."""
    if expected is None:
        return
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secrets.compare_digest(given.strip().encode(), expected.encode()):
        raise RequestRefused(401, "invalid_api_key", "The API key is missing or wrong.")


async def read_object(request: Request) -> dict[str, Any]:
    """Return the request's JSON object."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BODY_BYTES:
            raise RequestRefused(413, "request_too_large", f"The body exceeds {MOST_BODY_BYTES} bytes.")
    try:
        content = json.loads(bytes(body))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise RequestRefused(400, "invalid_json", f"The body is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise RequestRefused(400, "invalid_json", "The body must be a JSON object.")
    return content


def check_model(content: dict[str, Any], served: str) -> None:
    """Refuse a request for any model but the one that is served here."""
    model = content.get("model")
    if not isinstance(model, str) or not model:
        raise RequestRefused(400, "missing_required_parameter", "You must name a model.", param="model")
    if model != served:
        message = f"The model {model!r} does not exist here; there is {served!r}."
        raise RequestRefused(404, "model_not_found", message, param="model")
