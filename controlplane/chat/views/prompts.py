"""The system prompt of a session, taken from a template."""

import uuid
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from controlplane.accounts.callers import user_of
from controlplane.chat.serializers import SessionSerializer
from controlplane.chat.services import session_apply_prompt
from controlplane.prompts.fields import ValuesField


class SessionPromptView(APIView):
    """A template that is put to use."""

    class Input(serializers.Serializer[Any]):
        """Which template, and a text for each of its variables."""

        template = serializers.UUIDField()
        variables = ValuesField(default=dict)

        class Meta:
            ref_name = "SessionPrompt"

    @extend_schema(
        request=Input,
        responses=SessionSerializer,
        operation_id="sessions_apply_prompt",
        tags=["sessions"],
        examples=[
            OpenApiExample(
                "A tutor of tea",
                {
                    "template": "0c7e4b7a-6a53-4a53-9b0e-3d6f4b1f7a21",
                    "variables": {"topic": "tea", "user_name": "Ada"},
                },
                request_only=True,
            )
        ],
    )
    def post(self, request: Request, session_id: uuid.UUID) -> Response:
        """Fill in a template and make it the session's `custom_system_prompt`, from the next message on.

        The session keeps the text, whatever becomes of the template. 404 for a template that the caller may
        not see, 422 `variables_do_not_match` naming variables that are missing or unknown.
        """
        given = self.Input(data=request.data)
        given.is_valid(raise_exception=True)
        session = session_apply_prompt(
            session_id=session_id,
            owner_id=user_of(request).pk,
            template_id=given.validated_data["template"],
            variables=given.validated_data["variables"],
        )
        return Response(SessionSerializer(session).data)
