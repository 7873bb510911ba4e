"""What readers do with a template over REST: try it out, and say what they think of it."""

import uuid
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from controlplane.accounts.callers import user_of
from controlplane.prompts.fields import ValuesField
from controlplane.prompts.reception import prompt_rate
from controlplane.prompts.selectors import prompt_get_visible


class PromptRenderView(APIView):
    """A template with its variables filled in."""

    class Input(serializers.Serializer[Any]):
        """A text for each variable, empty ones included."""

        variables = ValuesField(default=dict)

        class Meta:
            ref_name = "PromptValues"

    class Output(serializers.Serializer[Any]):
        """The prompt as a model would read it."""

        text = serializers.CharField()

        class Meta:
            ref_name = "RenderedPrompt"

    @extend_schema(
        request=Input,
        responses=Output,
        operation_id="prompts_render",
        tags=["prompts"],
        examples=[
            OpenApiExample("Values", {"variables": {"topic": "tea", "user_name": "Ada"}}, request_only=True),
            OpenApiExample("Rendered", {"text": "You teach tea. Your pupil is Ada."}, response_only=True),
        ],
    )
    def post(self, request: Request, prompt_id: uuid.UUID) -> Response:
        """Render it, keeping nothing. 422 `variables_do_not_match` names what is missing or unknown.

        `user_name` and `topic` may be given to every template, also to one that does not use them.
        """
        given = self.Input(data=request.data)
        given.is_valid(raise_exception=True)
        template = prompt_get_visible(prompt_id=prompt_id, reader_id=user_of(request).pk)
        return Response({"text": template.render(given.validated_data["variables"])})


class PromptRateView(APIView):
    """What the caller thinks of a template."""

    class Input(serializers.Serializer[Any]):
        """Stars; a second rating takes the place of the first."""

        rating = serializers.IntegerField(min_value=1, max_value=5)

        class Meta:
            ref_name = "PromptStars"

    class Output(serializers.Serializer[Any]):
        """What all users think of it together."""

        rating = serializers.DecimalField(max_digits=3, decimal_places=2, help_text="The average.")
        rating_count = serializers.IntegerField()

        class Meta:
            ref_name = "PromptRating"

    @extend_schema(
        request=Input,
        responses=Output,
        operation_id="prompts_rate",
        tags=["prompts"],
        examples=[
            OpenApiExample("Good", {"rating": 4}, request_only=True),
            OpenApiExample("Of two", {"rating": "4.50", "rating_count": 2}, response_only=True),
        ],
    )
    def post(self, request: Request, prompt_id: uuid.UUID) -> Response:
        """Rate a template that one may see, or change one's rating."""
        given = self.Input(data=request.data)
        given.is_valid(raise_exception=True)
        template = prompt_rate(
            prompt_id=prompt_id, rater_id=user_of(request).pk, stars=given.validated_data["rating"]
        )
        return Response(self.Output(template).data)
