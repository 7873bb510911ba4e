"""Messages: send one and hear the answer, whole or as it is made; read the conversation back."""

import uuid
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
from controlplane.api.asynchronous import AsyncAPIView
from controlplane.api.event_stream import MEDIA_TYPE, EventStreamRenderer
from controlplane.api.fields import (
    LONGEST_MESSAGE,
    TextField,
    max_tokens_field,
    require_text,
    temperature_field,
)
from controlplane.api.rate_limits import MEANINGS
from controlplane.chat.branches import Tree
from controlplane.chat.history import read_branches, read_history
from controlplane.chat.messaging import OutgoingMessage, message_answer, message_stream
from controlplane.chat.selectors import session_get, session_read
from controlplane.chat.serializers import InterruptSerializer, MessageSerializer, SessionSerializer
from controlplane.chat.views.event_streams import answer_with_stream, limits_left
from controlplane.chat.wire import interrupts_as_json, message_as_json, messages_as_json

LONGEST_ID = 200
# What an outgoing message calls by another name, or by none.
SAID = frozenset({"message", "retry"})


class MessagesView(AsyncAPIView):
    """The messages of a session."""

    renderer_classes = (JSONRenderer, EventStreamRenderer)

    class Input(serializers.Serializer[Any]):
        """A message, and wishes for its answer."""

        message = TextField(
            max_length=LONGEST_MESSAGE, trim_whitespace=False, validators=[require_text], required=False
        )
        regenerate = TextField(
            max_length=LONGEST_ID,
            required=False,
            help_text="In place of a message: the id of one whose turn is to be answered anew.",
        )
        retry = serializers.BooleanField(
            default=False,
            help_text="In place of a message: go on where the conversation stands, after an error for one.",
        )
        checkpoint_id = serializers.UUIDField(
            required=False,
            allow_null=True,
            help_text="Run from this checkpoint of the history, which makes a branch: a message edits what "
            "followed it, and `retry` answers it anew.",
        )
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

        def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
            """Ask for one thing at a time."""
            asked = [name for name in ("message", "regenerate", "retry") if attrs.get(name)]
            if len(asked) != 1:
                field = asked[-1] if asked else "message"
                raise serializers.ValidationError({field: ["Send one of message, regenerate and retry."]})
            if asked == ["regenerate"] and attrs.get("checkpoint_id"):
                raise serializers.ValidationError({"checkpoint_id": ["Not together with regenerate."]})
            return attrs

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
        """Send a message, or have one answered anew. `Accept: text/event-stream` streams the answer.

        Anything else waits for its end. While another run is on, the session's `multitask_strategy` decides.
        """
        given = self.Input(data=request.data)
        given.is_valid(raise_exception=True)
        sender = user_of(request)
        session = await sync_to_async(session_get)(session_id=session_id, owner_id=sender.pk)
        wishes = {name: value for name, value in given.validated_data.items() if name not in SAID}
        message = OutgoingMessage(text=given.validated_data.get("message"), **wishes)
        if request.accepted_renderer.media_type == MEDIA_TYPE:
            events = message_stream(session=session, sender=sender, message=message)
            return await answer_with_stream(events, reader=sender)
        answer = await message_answer(session=session, sender=sender, message=message)
        return Response(
            {
                "run_id": answer.run_id,
                "status": answer.status,
                "message": message_as_json(answer.message) if answer.message else None,
                "interrupts": interrupts_as_json(answer.interrupts),
            },
            headers=await limits_left(sender),
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
        checkpoint_id = serializers.UUIDField(
            default=None,
            allow_null=True,
            help_text="The conversation as it was there, a branch of it for one.",
        )
        branches = serializers.BooleanField(
            default=False,
            help_text="Say of each message what precedes it and which versions there are; takes longer.",
        )

    class Output(serializers.Serializer[Any]):
        """Metadata from the control plane, messages from the Agent Server."""

        session = SessionSerializer()
        messages = MessageSerializer(many=True)
        checkpoint_id = serializers.UUIDField(allow_null=True, help_text="Where this is.")
        is_tree_whole = serializers.BooleanField(
            required=False,
            help_text="With `branches`: whether all checkpoints were looked at, or the newest.",
        )
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
        wanted = dict(page.validated_data)
        tree: Tree | None = None
        if wanted.pop("branches"):
            history, tree = await read_branches(session=session, reader=reader, **wanted)
        else:
            history = await read_history(session=session, reader=reader, **wanted)
        return Response(
            {
                "session": SessionSerializer(session).data,
                "messages": messages_as_json(history, tree),
                "checkpoint_id": history.checkpoint_id,
                **({} if tree is None else {"is_tree_whole": tree.is_whole}),
                "total": history.total,
                "first_index": history.first_index,
                "has_earlier": history.has_earlier,
                "interrupts": interrupts_as_json(history.interrupts),
            }
        )
