"""Reads a request's body within a bound of time and size; Django would wait, and write to disk, for ever."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, Final

from django.conf import settings

Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]

# A line that brings less than this is not one that an upload is waited for on.
SLOWEST_BYTES_PER_SECOND: Final = 20_000
MOST_DIGITS: Final = 18
_MESSAGES: Final = {
    HTTPStatus.REQUEST_TIMEOUT: ("too_slow", "The body took too long."),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("too_large", "The body is too large."),
}


class BoundedBody:
    """A request's `receive` that bounds the body; what comes after it, a hang-up, may take its time."""

    def __init__(self, receive: Receive, headers: Mapping[bytes, bytes]) -> None:
        self._receive = receive
        self._left = settings.LARGEST_BODY
        announced = headers.get(b"content-length", b"0")
        self._announced = int(announced) if announced.isdigit() and len(announced) <= MOST_DIGITS else 0
        waits = settings.LONGEST_BODY_SECONDS + min(self._announced, self._left) / SLOWEST_BYTES_PER_SECOND
        self._until = asyncio.get_running_loop().time() + waits
        self._is_read = False
        self.refused: HTTPStatus | None = None

    async def __call__(self) -> Mapping[str, Any]:
        """Give the next message; of a body that is refused no more comes, as if the caller had hung up."""
        if self._is_read:
            return await self._receive()
        if self._announced > self._left:
            return self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        try:
            async with asyncio.timeout_at(self._until):
                message = await self._receive()
        except TimeoutError:
            return self._refuse(HTTPStatus.REQUEST_TIMEOUT)
        size = len(message.get("body", b""))
        self._announced = max(0, self._announced - size)
        self._left -= size
        if self._left < 0:
            return self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        self._is_read = not message.get("more_body", False)
        return message

    def _refuse(self, status: HTTPStatus) -> Mapping[str, Any]:
        self.refused = status
        return {"type": "http.disconnect"}


async def answer_refusal(status: HTTPStatus, send: Send) -> None:
    """Say why in the API's error shape, and that the connection is of no more use."""
    code, message = _MESSAGES[status]
    body = json.dumps({"error": {"code": code, "message": message}}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
        (b"x-content-type-options", b"nosniff"),
        (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; sandbox"),
    ]
    await send({"type": "http.response.start", "status": int(status), "headers": headers})
    await send({"type": "http.response.body", "body": body})
