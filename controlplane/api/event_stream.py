"""Server-sent events under ASGI: encoded one by one, unbuffered, with a sign of life in silence."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

from django.http import StreamingHttpResponse
from rest_framework.renderers import BaseRenderer
from rest_framework.utils.encoders import JSONEncoder

from controlplane.api.waiting import free_thread

MEDIA_TYPE = "text/event-stream"
HEARTBEAT_SECONDS = 15.0
HEARTBEAT = b": still here\n\n"


class EventStreamRenderer(BaseRenderer):
    """Makes DRF accept `Accept: text/event-stream`; the stream itself is never rendered by DRF."""

    media_type = MEDIA_TYPE
    format = "sse"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,  # noqa: ARG002  # DRF passes it
        renderer_context: Mapping[str, Any] | None = None,  # noqa: ARG002  # DRF passes it
    ) -> bytes:
        """Encode what a view answers without a stream, as one event."""
        return encode_event("message", data)


class EventStreamResponse(StreamingHttpResponse):
    """An answer that proxies and browsers pass on piece by piece."""

    def __init__(
        self, chunks: AsyncGenerator[bytes, None], *, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(chunks, content_type=MEDIA_TYPE, headers=dict(headers or {}))
        self.headers["Cache-Control"] = "no-cache"
        self.headers["X-Accel-Buffering"] = "no"


def encode_event(event: str, data: Any, *, event_id: str | None = None) -> bytes:
    """Write one event; JSON has no raw line breaks, so its data is always one line.

    `event_id` is what `Last-Event-ID` takes; an event without one leaves the last one standing.
    """
    place = "" if event_id is None else f"id: {event_id}\n"
    return f"event: {event}\n{place}data: {json.dumps(data, cls=JSONEncoder)}\n\n".encode()


async def with_heartbeats(
    chunks: AsyncGenerator[bytes, None], *, seconds: float = HEARTBEAT_SECONDS
) -> AsyncGenerator[bytes, None]:
    """Pass chunks on; after each silence of `seconds` send a comment, so that no proxy gives up.

    Owns `chunks`: they are closed however this ends.
    """
    async with aclosing(chunks):
        # The middleware has taken a thread again since the view returned.
        await free_thread()
        upcoming: asyncio.Task[bytes | None] | None = None
        try:
            while True:
                upcoming = upcoming or asyncio.create_task(_next(chunks))
                done, _waiting = await asyncio.wait({upcoming}, timeout=seconds)
                if not done:
                    yield HEARTBEAT
                    continue
                chunk = upcoming.result()
                upcoming = None
                if chunk is None:
                    return
                yield chunk
        finally:
            await _abandon(upcoming)


async def _next(chunks: AsyncGenerator[bytes, None]) -> bytes | None:
    return await anext(chunks, None)


async def _abandon(task: asyncio.Task[bytes | None] | None) -> None:
    """Cancel a read that nobody waits for, and see it end, before its generator is closed."""
    if task is None or task.done():
        return
    task.cancel()
    await asyncio.wait({task})
