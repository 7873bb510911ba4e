"""Forking a session: the same conversation once more, to go on in another direction."""

import uuid
from typing import Any

from asgiref.sync import sync_to_async
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from controlplane.accounts.callers import user_of
from controlplane.api.asynchronous import AsyncAPIView
from controlplane.chat.forks import session_fork
from controlplane.chat.selectors import session_get
from controlplane.chat.serializers import SessionSerializer
from controlplane.chat.views.session_forms import SESSION_EXAMPLE


class SessionForkView(AsyncAPIView):
    """Another session with the same conversation."""

    class Input(serializers.Serializer[Any]):
        """Up to where."""

        checkpoint_id = serializers.UUIDField(
            required=False, allow_null=True, help_text="As it was at this checkpoint; else as it is."
        )

        class Meta:
            ref_name = "SessionFork"

    @extend_schema(
        request=Input,
        responses={201: SessionSerializer},
        operation_id="sessions_fork",
        tags=["sessions"],
        examples=[SESSION_EXAMPLE],
    )
    async def post(self, request: Request, session_id: uuid.UUID) -> Response:
        """Copy a session with its settings and conversation; what is said in one stays out of the other."""
        given = self.Input(data=request.data)
        given.is_valid(raise_exception=True)
        owner = user_of(request)
        session = await sync_to_async(session_get)(session_id=session_id, owner_id=owner.pk)
        fork = await session_fork(session=session, owner=owner, **given.validated_data)
        body = await sync_to_async(lambda: SessionSerializer(fork).data)()
        return Response(body, status=201)
