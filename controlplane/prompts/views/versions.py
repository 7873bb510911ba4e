"""What a template has said before, for its owner over REST."""

import uuid
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from controlplane.accounts.callers import user_of
from controlplane.api.pagination import KeysetPagination
from controlplane.prompts.models import PromptVersion
from controlplane.prompts.selectors import prompt_get_own, prompt_versions
from controlplane.prompts.services import prompt_restore

EXAMPLE: dict[str, Any] = {
    "number": 2,
    "content": "You teach {{topic}}.",
    "author_id": "9b2f9c1e-2f0e-4a4e-8f0a-5a0c1d2e3f40",
    "created_at": "2026-03-02T10:00:00Z",
}


class VersionPages(KeysetPagination[PromptVersion]):
    """Newest first."""

    ordering = "-number"


class PromptVersionSerializer(serializers.ModelSerializer[PromptVersion]):
    """What a template said from a moment on."""

    author_id = serializers.UUIDField(allow_null=True, read_only=True)

    class Meta:
        ref_name = "PromptVersion"
        model = PromptVersion
        fields: ClassVar[list[str]] = list(EXAMPLE)
        read_only_fields = fields


class PromptVersionsView(GenericAPIView[PromptVersion]):
    """The versions of an own template."""

    queryset = PromptVersion.objects.none()
    pagination_class = VersionPages

    @extend_schema(
        responses=PromptVersionSerializer(many=True),
        operation_id="prompts_versions_list",
        tags=["prompts"],
        examples=[OpenApiExample("A version", EXAMPLE, response_only=True)],
    )
    def get(self, request: Request, prompt_id: uuid.UUID) -> Response:
        """List them, newest first."""
        page = self.paginate_queryset(prompt_versions(prompt_id=prompt_id, owner_id=user_of(request).pk))
        return self.get_paginated_response(PromptVersionSerializer(page, many=True).data)


class PromptRestoreView(APIView):
    """Going back to a version of an own template."""

    class Output(serializers.Serializer[Any]):
        """The version that it came to."""

        version = serializers.IntegerField()
        content = serializers.CharField()

        class Meta:
            ref_name = "RestoredPrompt"

    @extend_schema(
        request=None,
        responses=Output,
        operation_id="prompts_versions_restore",
        tags=["prompts"],
        examples=[
            OpenApiExample("Restored", {"version": 3, "content": "You teach {{topic}}."}, response_only=True)
        ],
    )
    def post(self, request: Request, prompt_id: uuid.UUID, version_number: int) -> Response:
        """Let the template say again what it said then, as a new version; none where it says so already."""
        owner_id = user_of(request).pk
        prompt_get_own(prompt_id=prompt_id, owner_id=owner_id)
        template = prompt_restore(prompt_id=prompt_id, number=version_number, author_id=owner_id)
        return Response(self.Output(template).data)
