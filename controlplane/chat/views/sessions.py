"""Sessions: list, create, read, change, put in order, delete."""

import uuid
from collections.abc import Callable
from typing import Any, ClassVar

from asgiref.sync import sync_to_async
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from controlplane.accounts.callers import user_of
from controlplane.api.asynchronous import AsyncAPIView
from controlplane.api.fields import (
    LONGEST_PROMPT,
    MOST_TOKENS,
    TextField,
    max_tokens_field,
    temperature_field,
)
from controlplane.api.pagination import KeysetPagination
from controlplane.chat import services
from controlplane.chat.models import ChatSession
from controlplane.chat.provisional import decide_before_deleting, decide_before_listing
from controlplane.chat.selectors import session_get, session_list
from controlplane.chat.serializers import SessionSerializer


class SessionPages(KeysetPagination[ChatSession]):
    """Most recently used first."""

    ordering = "-updated_at"


class SessionSettings(serializers.Serializer[ChatSession]):
    """What a user may set on a session; what is left out stays as it is."""

    title = TextField(max_length=200, required=False)
    model_name = TextField(max_length=200, allow_blank=True, required=False)
    temperature = temperature_field(required=False, allow_null=True)
    max_tokens = max_tokens_field(required=False, allow_null=True)
    custom_system_prompt = TextField(
        max_length=LONGEST_PROMPT, allow_blank=True, required=False, trim_whitespace=False
    )
    enable_summarization = serializers.BooleanField(required=False, allow_null=True)
    summarization_threshold = serializers.IntegerField(
        min_value=256, max_value=MOST_TOKENS, required=False, allow_null=True
    )
    is_pinned = serializers.BooleanField(required=False)

    class Meta:
        ref_name = "SessionSettings"


class SessionsView(AsyncAPIView, GenericAPIView[ChatSession]):
    """All sessions of the caller."""

    pagination_class = SessionPages

    class Filters(serializers.Serializer[Any]):
        """Which of them."""

        archived = serializers.BooleanField(required=False, allow_null=True, default=None)
        pinned = serializers.BooleanField(required=False, allow_null=True, default=None)
        search = serializers.CharField(
            required=False, max_length=200, default="", help_text="Part of a title."
        )

    @extend_schema(
        parameters=[Filters],
        responses=SessionSerializer(many=True),
        operation_id="sessions_list",
        tags=["sessions"],
    )
    async def get(self, request: Request) -> Response:
        """List them, most recently used first."""
        await decide_before_listing(owner_id=user_of(request).pk)
        return await sync_to_async(self._list)(request)

    @extend_schema(
        request=SessionSettings,
        responses={201: SessionSerializer},
        operation_id="sessions_create",
        tags=["sessions"],
    )
    async def post(self, request: Request) -> Response:
        """Create one, with its thread at the Agent Server; when that fails there is neither."""
        given = SessionSettings(data=request.data)
        given.is_valid(raise_exception=True)
        session = await services.session_create(owner=user_of(request), settings=given.validated_data)
        return Response(SessionSerializer(session).data, status=201)

    def _list(self, request: Request) -> Response:
        filters = self.Filters(data=request.query_params.dict())
        filters.is_valid(raise_exception=True)
        page = self.paginate_queryset(session_list(owner_id=user_of(request).pk, **filters.validated_data))
        return self.get_paginated_response(SessionSerializer(page, many=True).data)


class SessionView(AsyncAPIView):
    """One session of the caller."""

    @extend_schema(responses=SessionSerializer, operation_id="sessions_read", tags=["sessions"])
    async def get(self, request: Request, session_id: uuid.UUID) -> Response:
        """Read it."""
        session = await sync_to_async(session_get)(session_id=session_id, owner_id=user_of(request).pk)
        return Response(SessionSerializer(session).data)

    @extend_schema(
        request=SessionSettings,
        responses=SessionSerializer,
        operation_id="sessions_change",
        tags=["sessions"],
    )
    async def patch(self, request: Request, session_id: uuid.UUID) -> Response:
        """Change its title or settings; they hold from the next message on."""
        given = SessionSettings(data=request.data, partial=True)
        given.is_valid(raise_exception=True)
        session = await sync_to_async(services.session_change)(
            session_id=session_id, owner_id=user_of(request).pk, changes=given.validated_data
        )
        return Response(SessionSerializer(session).data)

    @extend_schema(responses={204: None}, operation_id="sessions_delete", tags=["sessions"])
    async def delete(self, request: Request, session_id: uuid.UUID) -> Response:
        """Delete it for good: gone for the caller at once, erased at the Agent Server soon after."""
        owner_id = user_of(request).pk
        await decide_before_deleting(session_id=session_id, owner_id=owner_id)
        await sync_to_async(services.session_delete)(session_id=session_id, owner_id=owner_id)
        return Response(status=204)


class SessionStepView(APIView):
    """A step that takes nothing but the session: archive, restore, pin, unpin."""

    step: ClassVar[Callable[..., ChatSession]]

    def post(self, request: Request, session_id: uuid.UUID) -> Response:
        """Take the step; taking it again changes nothing."""
        session = type(self).step(session_id=session_id, owner_id=user_of(request).pk)
        return Response(SessionSerializer(session).data)


def _step(name: str) -> Callable[[type[SessionStepView]], type[SessionStepView]]:
    def describe(view: type[SessionStepView]) -> type[SessionStepView]:
        described = extend_schema(
            request=None,
            responses=SessionSerializer,
            operation_id=f"sessions_{name}",
            tags=["sessions"],
            description=view.__doc__,
        )
        return extend_schema_view(post=described)(view)

    return describe


@_step("archive")
class ArchiveView(SessionStepView):
    """Put a session away: it stays readable and takes no messages."""

    step = services.session_archive


@_step("restore")
class RestoreView(SessionStepView):
    """Take a session out of the archive."""

    step = services.session_restore


@_step("pin")
class PinView(SessionStepView):
    """Pin a session."""

    step = services.session_pin


@_step("unpin")
class UnpinView(SessionStepView):
    """Unpin a session."""

    step = services.session_unpin
