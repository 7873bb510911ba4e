"""The runs of a session: what became of them, and stopping one."""

import uuid

from asgiref.sync import sync_to_async
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from controlplane.accounts.callers import user_of
from controlplane.api.asynchronous import AsyncAPIView
from controlplane.api.pagination import KeysetPagination
from controlplane.chat.messaging import run_cancel
from controlplane.chat.selectors import run_get, run_list
from controlplane.chat.serializers import RunSerializer
from controlplane.runs.models import Run


class RunPages(KeysetPagination[Run]):
    """Newest first."""

    ordering = "-admitted_at"


class RunsView(GenericAPIView[Run]):
    """The runs of a session."""

    pagination_class = RunPages

    @extend_schema(responses=RunSerializer(many=True), operation_id="runs_list", tags=["runs"])
    def get(self, request: Request, session_id: uuid.UUID) -> Response:
        """List them, newest first."""
        page = self.paginate_queryset(run_list(session_id=session_id, owner_id=user_of(request).pk))
        return self.get_paginated_response(RunSerializer(page, many=True).data)


class RunCancelView(AsyncAPIView):
    """Stop a run."""

    @extend_schema(request=None, responses={202: None}, operation_id="runs_cancel", tags=["runs"])
    async def post(self, request: Request, session_id: uuid.UUID, run_id: uuid.UUID) -> Response:
        """Ask the Agent Server to stop it; what was said stays. A run that is over is left as it is."""
        owner = user_of(request)
        run = await sync_to_async(run_get)(run_id=run_id, session_id=session_id, owner_id=owner.pk)
        await run_cancel(run=run, owner=owner)
        return Response(status=202)
