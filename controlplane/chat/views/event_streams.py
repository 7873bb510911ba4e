"""Answers with a run's events as they come, whoever started it."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from asgiref.sync import sync_to_async

from controlplane.accounts.models import CustomUser
from controlplane.api.event_stream import EventStreamResponse, encode_event, with_heartbeats
from controlplane.api.rate_limits import rate_limit_headers
from controlplane.chat.wire import event_as_json, failure_as_json
from controlplane.usage.standing import limits_standing
from sdk_bridge import BridgeError, Event


async def answer_with_stream(
    events: AsyncGenerator[Event, None], *, reader: CustomUser
) -> EventStreamResponse:
    """Wait for the first event, so that a refusal is answered with its own HTTP status."""
    try:
        first = await anext(events)
        headers = await limits_left(reader)
    except BaseException:
        await events.aclose()
        raise
    return EventStreamResponse(with_heartbeats(_encode(first, events)), headers=headers)


async def limits_left(reader: CustomUser) -> dict[str, str]:
    """Tell what is left of a user's limits, as it is by now."""
    standings = await sync_to_async(limits_standing)(reader)
    return rate_limit_headers(standings.limited)


async def _encode(first: Event, events: AsyncGenerator[Event, None]) -> AsyncGenerator[bytes, None]:
    async with aclosing(events):
        yield encode_event(*event_as_json(first), event_id=first.event_id)
        try:
            async for event in events:
                yield encode_event(*event_as_json(event), event_id=event.event_id)
        except BridgeError as error:
            yield encode_event(*failure_as_json(error))
