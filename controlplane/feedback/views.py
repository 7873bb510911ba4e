"""Feedback over REST: said of one's own answers, read, changed and taken back by whoever said it."""

import uuid
from typing import Any, ClassVar

from asgiref.sync import sync_to_async
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from controlplane.accounts.callers import user_of
from controlplane.api.asynchronous import AsyncAPIView
from controlplane.api.fields import TextField
from controlplane.api.pagination import KeysetPagination
from controlplane.chat.selectors import session_get
from controlplane.feedback.choices import Category, Issue, Rating
from controlplane.feedback.message_lookup import MessagePlace, message_find
from controlplane.feedback.models import LAST_INDEX, LONGEST_TEXT, MessageFeedback
from controlplane.feedback.selectors import feedback_list, session_satisfaction
from controlplane.feedback.services import feedback_give, feedback_withdraw

EXAMPLE: dict[str, Any] = {
    "id": "6a1f4a52-7d0e-4f3e-8a0b-1c2d3e4f5a6b",
    "session_id": "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed",
    "run_id": None,
    "message_id": "run--0198c1f2-5e1c-7c3a-9f51-3a1f0a1b2c3d",
    "message_index": 1,
    "checkpoint_id": "1f0c7a52-0c9e-6d1a-8001-7c1d2e3f4a5b",
    "rating": "thumbs_up",
    "feedback_categories": ["helpful", "clear"],
    "feedback_text": "Very helpful explanation!",
    "reported_issue": "",
    "created_at": "2026-03-01T09:30:00Z",
    "updated_at": "2026-03-01T09:30:00Z",
}
SHOWN = OpenApiExample("Thumbs up", EXAMPLE, response_only=True)
ASKED = OpenApiExample(
    "Thumbs up",
    {
        "message_id": EXAMPLE["message_id"],
        "rating": "thumbs_up",
        "feedback_categories": ["helpful", "clear"],
        "feedback_text": "Very helpful explanation!",
    },
    request_only=True,
)
PLACES = ("message_id", "message_index", "checkpoint_id")


class FeedbackSerializer(serializers.ModelSerializer[MessageFeedback]):
    """What was said of one answer."""

    session_id = serializers.UUIDField(source="chat_session_id", read_only=True)
    run_id = serializers.UUIDField(allow_null=True, read_only=True)
    feedback_categories = serializers.ListField(
        child=serializers.ChoiceField(choices=Category.choices), read_only=True
    )

    class Meta:
        ref_name = "Feedback"
        model = MessageFeedback
        fields: ClassVar[list[str]] = list(EXAMPLE)
        read_only_fields = fields


class FeedbackPages(KeysetPagination[MessageFeedback]):
    """Newest first."""


class FeedbackView(AsyncAPIView, GenericAPIView[MessageFeedback]):
    """What the caller thinks of the answers in a session."""

    queryset = MessageFeedback.objects.none()
    pagination_class = FeedbackPages

    class Filters(serializers.Serializer[Any]):
        """Which of it."""

        rating = serializers.ChoiceField(choices=Rating.choices, required=False, default="")

    class Input(serializers.Serializer[Any]):
        """A message, by its id or its position in the conversation, and what is said of it."""

        message_id = TextField(max_length=200, required=False)
        message_index = serializers.IntegerField(min_value=0, max_value=LAST_INDEX, required=False)
        checkpoint_id = serializers.UUIDField(
            required=False, help_text="Look for the message as things stood there; else as they stand now."
        )
        run_id = serializers.UUIDField(required=False, allow_null=True, default=None)
        rating = serializers.ChoiceField(choices=Rating.choices)
        feedback_categories = serializers.ListField(
            child=serializers.ChoiceField(choices=Category.choices), max_length=len(Category), required=False
        )
        feedback_text = TextField(max_length=LONGEST_TEXT, allow_blank=True, required=False)
        reported_issue = serializers.ChoiceField(choices=Issue.choices, allow_blank=True, required=False)

        class Meta:
            ref_name = "FeedbackInput"

        def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
            """Take one name for the message."""
            if ("message_id" in attrs) == ("message_index" in attrs):
                raise serializers.ValidationError({"message_id": ["Give this or message_index."]})
            return attrs

    @extend_schema(
        parameters=[Filters],
        responses=FeedbackSerializer(many=True),
        operation_id="feedback_list",
        tags=["feedback"],
        examples=[SHOWN],
    )
    async def get(self, request: Request, session_id: uuid.UUID) -> Response:
        """List what the caller has said in this session, newest first."""
        return await sync_to_async(self._list)(request, session_id)

    @extend_schema(
        request=Input,
        responses={200: FeedbackSerializer, 201: FeedbackSerializer},
        operation_id="feedback_give",
        tags=["feedback"],
        examples=[ASKED, SHOWN],
    )
    async def put(self, request: Request, session_id: uuid.UUID) -> Response:
        """Say what one thinks of an answer, in place of what one said of it before.

        201 for the first time, 200 for a change; what is left out is empty then. Archived sessions can be
        rated too. 404 `message_not_found` when the message is not in the session's thread, 422 when it is
        no answer of the assistant's.
        """
        given = self.Input(data=request.data)
        given.is_valid(raise_exception=True)
        said = dict(given.validated_data)
        place = MessagePlace(**{name: said.pop(name) for name in PLACES if name in said})
        rater = user_of(request)
        session = await sync_to_async(session_get)(session_id=session_id, owner_id=rater.pk)
        message = await message_find(session=session, rater=rater, place=place)
        feedback, is_new = await sync_to_async(feedback_give)(
            user_id=rater.pk, session_id=session.pk, message=message, run_id=said.pop("run_id"), said=said
        )
        return Response(FeedbackSerializer(feedback).data, status=201 if is_new else 200)

    def _list(self, request: Request, session_id: uuid.UUID) -> Response:
        filters = self.Filters(data=request.query_params.dict())
        filters.is_valid(raise_exception=True)
        rows = feedback_list(session_id=session_id, user_id=user_of(request).pk, **filters.validated_data)
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(FeedbackSerializer(page, many=True).data)


class FeedbackItemView(APIView):
    """One thing that the caller said."""

    @extend_schema(responses={204: None}, operation_id="feedback_withdraw", tags=["feedback"])
    def delete(self, request: Request, session_id: uuid.UUID, feedback_id: uuid.UUID) -> Response:
        """Take it back, with everything that was said."""
        feedback_withdraw(feedback_id=feedback_id, session_id=session_id, user_id=user_of(request).pk)
        return Response(status=204)


class SatisfactionView(APIView):
    """How content the caller is with a session."""

    class Output(serializers.Serializer[Any]):
        """`satisfaction_rate`: thumbs up and 4 or 5 stars, in percent of all; null when nothing is rated."""

        total_feedback = serializers.IntegerField()
        thumbs_up = serializers.IntegerField()
        thumbs_down = serializers.IntegerField()
        star_ratings = serializers.IntegerField()
        average_stars = serializers.FloatField(allow_null=True)
        satisfied = serializers.IntegerField()
        satisfaction_rate = serializers.FloatField(allow_null=True)

        class Meta:
            ref_name = "Satisfaction"

    @extend_schema(
        responses=Output,
        operation_id="feedback_satisfaction",
        tags=["feedback"],
        examples=[
            OpenApiExample(
                "Two thumbs and a rating of four stars",
                {
                    "total_feedback": 3,
                    "thumbs_up": 1,
                    "thumbs_down": 1,
                    "star_ratings": 1,
                    "average_stars": 4.0,
                    "satisfied": 2,
                    "satisfaction_rate": 66.7,
                },
                response_only=True,
            )
        ],
    )
    def get(self, request: Request, session_id: uuid.UUID) -> Response:
        """Add up what was said of the answers in a session."""
        found = session_satisfaction(session_id=session_id, user_id=user_of(request).pk)
        return Response(self.Output(found).data)
