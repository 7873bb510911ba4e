"""Memories over REST: listed and erased by the user whom they are about."""

import uuid
from typing import Any, Final

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from controlplane.accounts.callers import user_of
from controlplane.api.asynchronous import AsyncAPIView
from controlplane.api.fields import TextField
from controlplane.memories.keeping import memories_delete, memories_read, memory_delete
from controlplane.memories.pages import page_of

EXAMPLE: Final = {
    "id": "0b9c4a52-6f0a-5cc1-9c0e-0d5b9c5a7a11",
    "text": "The user has a dog called Rex.",
    "created_at": "2026-11-22T09:30:00Z",
    "updated_at": "2026-11-22T09:30:00Z",
}


class MemorySerializer(serializers.Serializer[Any]):
    """One text that the agent remembers."""

    id = serializers.UUIDField()
    text = serializers.CharField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField(help_text="When it was remembered last.")

    class Meta:
        ref_name = "Memory"


class MemoriesView(AsyncAPIView):
    """All of the caller's memories."""

    class Query(serializers.Serializer[Any]):
        """Which page."""

        limit = serializers.IntegerField(
            min_value=1, max_value=100, default=20, help_text="Memories per page."
        )
        cursor = TextField(
            max_length=300,
            required=False,
            help_text="Where the page before ended; taken from `next`.",
        )

    class Output(serializers.Serializer[Any]):
        """One page."""

        results = MemorySerializer(many=True)
        next = serializers.URLField(allow_null=True, help_text="Address of the page after this one.")

        class Meta:
            ref_name = "MemoryPage"

    @extend_schema(
        parameters=[Query],
        responses=Output,
        operation_id="memories_list",
        tags=["memories"],
        examples=[OpenApiExample("A page", {"results": [EXAMPLE], "next": None}, response_only=True)],
    )
    async def get(self, request: Request) -> Response:
        """List what the agent remembers of the caller, newest first."""
        given = self.Query(data=request.query_params.dict())
        given.is_valid(raise_exception=True)
        memories = await memories_read(owner_id=user_of(request).pk)
        page = page_of(memories, **given.validated_data)
        address = request.build_absolute_uri()
        following = replace_query_param(address, "cursor", page.next_cursor) if page.next_cursor else None
        return Response({"results": MemorySerializer(page.memories, many=True).data, "next": following})

    @extend_schema(responses={204: None}, operation_id="memories_erase", tags=["memories"])
    async def delete(self, request: Request) -> Response:
        """Erase everything that the agent remembers of the caller."""
        await memories_delete(owner_id=user_of(request).pk)
        return Response(status=status.HTTP_204_NO_CONTENT)


class MemoryView(AsyncAPIView):
    """One of the caller's memories."""

    @extend_schema(responses={204: None}, operation_id="memories_delete", tags=["memories"])
    async def delete(self, request: Request, memory_id: uuid.UUID) -> Response:
        """Erase one memory."""
        await memory_delete(owner_id=user_of(request).pk, memory_id=memory_id)
        return Response(status=status.HTTP_204_NO_CONTENT)
