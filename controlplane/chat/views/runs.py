"""The runs of a session: what became of them, and stopping one."""

import re
import uuid
from typing import Final

from asgiref.sync import sync_to_async
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from controlplane.accounts.callers import user_of
from controlplane.api.asynchronous import AsyncAPIView
from controlplane.api.event_stream import MEDIA_TYPE, EventStreamRenderer
from controlplane.api.pagination import KeysetPagination
from controlplane.chat.messaging import run_cancel, run_stream
from controlplane.chat.selectors import run_get, run_list
from controlplane.chat.serializers import RunSerializer
from controlplane.chat.views.event_streams import answer_with_stream
from controlplane.errors import Invalid
from controlplane.runs.models import Run

# As the Agent Server writes them: moments and counts.
EVENT_ID: Final = re.compile(r"-?[0-9]{1,20}(-[0-9]{1,10})?", re.ASCII)


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


class RunStreamView(AsyncAPIView):
    """What a run says."""

    renderer_classes = (JSONRenderer, EventStreamRenderer)

    @extend_schema(
        responses={(200, MEDIA_TYPE): OpenApiTypes.STR},
        operation_id="runs_stream",
        parameters=[
            OpenApiParameter(
                "Last-Event-ID",
                str,
                OpenApiParameter.HEADER,
                description="The `id` of the last event that was seen; without it all come from the start.",
            )
        ],
        tags=["runs"],
    )
    async def get(self, request: Request, session_id: uuid.UUID, run_id: uuid.UUID) -> HttpResponseBase:
        """Join a run that is live or has just ended, after a reload for one; leaving never ends it."""
        last_event_id = request.headers.get("Last-Event-ID")
        if last_event_id is not None and not EVENT_ID.fullmatch(last_event_id):
            raise Invalid("This is the id of no event.", fields={"Last-Event-ID": ["Send one as it came."]})
        owner = user_of(request)
        run = await sync_to_async(run_get)(run_id=run_id, session_id=session_id, owner_id=owner.pk)
        events = run_stream(run=run, owner=owner, last_event_id=last_event_id)
        return await answer_with_stream(events, reader=owner)
