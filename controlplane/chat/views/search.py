"""Search over titles and over what was said; the words are found, the messages are at the Agent Server."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from controlplane.accounts.callers import user_of
from controlplane.chat.models import ChatSession
from controlplane.chat.search import find_places, session_search
from controlplane.chat.serializers import SessionSerializer
from controlplane.chat.views.session_forms import SESSION
from controlplane.chat.views.sessions import SessionPages

EXAMPLE = OpenApiExample(
    "Found in a title and in two messages",
    {
        "session": SESSION,
        "in_title": True,
        "messages": [
            {"message_id": "3f0d4e39-1b63-4f1c-9d4e-0f6f5a3f2b10", "position": 0},
            {"message_id": "run-7d2f", "position": 1},
        ],
    },
    response_only=True,
)


class SessionSearchView(GenericAPIView[ChatSession]):
    """Finds the caller's sessions."""

    pagination_class = SessionPages

    class Query(serializers.Serializer[Any]):
        """What to look for."""

        q = serializers.CharField(
            max_length=200,
            trim_whitespace=False,
            help_text="All words are to be there, in any order and case; the last may be unfinished. "
            "`or` between words: one of them; `-` before a word: not this one.",
        )

        class Meta:
            ref_name = "SessionQuery"

    class Output(serializers.Serializer[Any]):
        """A session, and where the words are: in its title, in which messages (the first ten)."""

        class Place(serializers.Serializer[Any]):
            """A message; its position counts all messages of the conversation from 0."""

            message_id = serializers.CharField()
            position = serializers.IntegerField()

            class Meta:
                ref_name = "MessagePlace"

        session = SessionSerializer()
        in_title = serializers.BooleanField()
        messages = Place(many=True)

        class Meta:
            ref_name = "FoundSession"

    @extend_schema(
        parameters=[Query],
        responses=Output(many=True),
        operation_id="sessions_search",
        tags=["sessions"],
        examples=[EXAMPLE],
    )
    def get(self, request: Request) -> Response:
        """Find sessions by title and by what was said; what was just said is found a few seconds later."""
        given = self.Query(data=request.query_params.dict())
        given.is_valid(raise_exception=True)
        text, owner_id = given.validated_data["q"], user_of(request).pk
        page = self.paginate_queryset(session_search(owner_id=owner_id, text=text)) or []
        places = find_places(page, owner_id=owner_id, text=text)
        found = [
            {"session": row, "in_title": places[row.pk].in_title, "messages": places[row.pk].messages}
            for row in page
        ]
        return self.get_paginated_response(self.Output(found, many=True).data)
