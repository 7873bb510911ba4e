"""Messages: send one and hear the answer, whole or as it is made; read the conversation back."""

import uuid
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from asgiref.sync import sync_to_async
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from controlplane.accounts.callers import user_of
from controlplane.accounts.models import CustomUser
from controlplane.api.asynchronous import AsyncAPIView
from controlplane.api.event_stream import (
    MEDIA_TYPE,
    EventStreamRenderer,
    EventStreamResponse,
    encode_event,
    with_heartbeats,
)
from controlplane.api.fields import (
    LONGEST_MESSAGE,
    TextField,
    max_tokens_field,
    require_text,
    temperature_field,
)
from controlplane.api.rate_limits import MEANINGS, rate_limit_headers
from controlplane.chat.history import read_history
from controlplane.chat.messaging import OutgoingMessage, message_answer, message_stream
from controlplane.chat.selectors import session_get, session_read
from controlplane.chat.serializers import InterruptSerializer, MessageSerializer, SessionSerializer
from controlplane.chat.wire import event_as_json, failure_as_json, interrupts_as_json, message_as_json
from controlplane.usage.standing import limits_standing
from sdk_bridge import BridgeError, Event


class MessagesView(AsyncAPIView):
    """The messages of a session."""

    renderer_classes = (JSONRenderer, EventStreamRenderer)

    class Input(serializers.Serializer[Any]):
        """A message, and wishes for its answer."""

        message = TextField(max_length=LONGEST_MESSAGE, trim_whitespace=False, validators=[require_text])
        model = TextField(max_length=200, required=False)
        temperature = temperature_field(required=False, allow_null=True)
        max_tokens = max_tokens_field(required=False, allow_null=True)
        on_disconnect = serializers.ChoiceField(
            choices=["continue", "cancel"],
            default="continue",
            help_text="What becomes of the run when the connection breaks.",
        )

        class Meta:
            ref_name = "OutgoingMessage"

    class Output(serializers.Serializer[Any]):
        """How the run ended; `message` is null and `interrupts` is there when the graph waits for answers."""

        run_id = serializers.UUIDField()
        status = serializers.ChoiceField(choices=["success", "error", "interrupted", "timeout"])
        message = MessageSerializer(allow_null=True)
        interrupts = InterruptSerializer(many=True)

        class Meta:
            ref_name = "Answer"

    @extend_schema(
        request=Input,
        responses={(200, "application/json"): Output, (200, MEDIA_TYPE): OpenApiTypes.STR},
        operation_id="messages_send",
        parameters=[
            OpenApiParameter(name, str, OpenApiParameter.HEADER, description=meaning, response=[200])
            for name, meaning in MEANINGS.items()
        ],
        tags=["messages"],
    )
    async def post(self, request: Request, session_id: uuid.UUID) -> HttpResponseBase:
        """Send a message. `Accept: text/event-stream` streams the answer, anything else waits for its end."""
        given = self.Input(data=request.data)
        given.is_valid(raise_exception=True)
        sender = user_of(request)
        session = await sync_to_async(session_get)(session_id=session_id, owner_id=sender.pk)
        message = OutgoingMessage(
            text=given.validated_data["message"],
            **{name: value for name, value in given.validated_data.items() if name != "message"},
        )
        if request.accepted_renderer.media_type == MEDIA_TYPE:
            events = message_stream(session=session, sender=sender, message=message)
            return await _answer_with_stream(events, sender=sender)
        answer = await message_answer(session=session, sender=sender, message=message)
        return Response(
            {
                "run_id": answer.run_id,
                "status": answer.status,
                "message": message_as_json(answer.message) if answer.message else None,
                "interrupts": interrupts_as_json(answer.interrupts),
            },
            headers=await _limits_left(sender),
        )


class HistoryView(AsyncAPIView):
    """A session with its conversation."""

    class Page(serializers.Serializer[Any]):
        """Which part of the conversation."""

        limit = serializers.IntegerField(
            min_value=1, max_value=500, default=100, help_text="Most messages to give, the newest ones."
        )
        before = serializers.IntegerField(
            min_value=0,
            max_value=10**9,
            default=None,
            allow_null=True,
            help_text="Only messages before this position; `first_index` of a page gives the one before it.",
        )

    class Output(serializers.Serializer[Any]):
        """Metadata from the control plane, messages from the Agent Server."""

        session = SessionSerializer()
        messages = MessageSerializer(many=True)
        total = serializers.IntegerField(help_text="Messages of the whole conversation.")
        first_index = serializers.IntegerField(help_text="Position of the first message given.")
        has_earlier = serializers.BooleanField()
        interrupts = InterruptSerializer(many=True)

        class Meta:
            ref_name = "History"

    @extend_schema(parameters=[Page], responses=Output, operation_id="history_read", tags=["messages"])
    async def get(self, request: Request, session_id: uuid.UUID) -> Response:
        """Read the newest messages, or those before a position; oldest first within a page."""
        page = self.Page(data=request.query_params.dict())
        page.is_valid(raise_exception=True)
        reader = user_of(request)
        session = await sync_to_async(session_read)(session_id=session_id, owner_id=reader.pk)
        history = await read_history(session=session, reader=reader, **page.validated_data)
        return Response(
            {
                "session": SessionSerializer(session).data,
                "messages": [message_as_json(message) for message in history.messages],
                "total": history.total,
                "first_index": history.first_index,
                "has_earlier": history.has_earlier,
                "interrupts": interrupts_as_json(history.interrupts),
            }
        )


async def _answer_with_stream(
    events: AsyncGenerator[Event, None], *, sender: CustomUser
) -> EventStreamResponse:
    """Wait for the first event, so that a refusal is answered with its own HTTP status."""
    try:
        first = await anext(events)
        headers = await _limits_left(sender)
    except BaseException:
        await events.aclose()
        raise
    return EventStreamResponse(with_heartbeats(_encode(first, events)), headers=headers)


async def _limits_left(sender: CustomUser) -> dict[str, str]:
    """Tell what is left of the sender's limits, as it is by now."""
    standings = await sync_to_async(limits_standing)(sender)
    return rate_limit_headers(standings.limited)


async def _encode(first: Event, events: AsyncGenerator[Event, None]) -> AsyncGenerator[bytes, None]:
    number = 1
    async with aclosing(events):
        yield encode_event(*event_as_json(first), number=number)
        try:
            async for event in events:
                number += 1
                yield encode_event(*event_as_json(event), number=number)
        except BridgeError as error:
            yield encode_event(*failure_as_json(error), number=number + 1)
