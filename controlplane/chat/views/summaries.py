"""Summaries of sessions on demand."""

import uuid
from typing import Any

from asgiref.sync import sync_to_async
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from controlplane.accounts.callers import user_of
from controlplane.api.asynchronous import AsyncAPIView
from controlplane.chat.selectors import session_get
from controlplane.chat.summaries import session_summarize


class SessionSummaryView(AsyncAPIView):
    """What was said in a session, in a few sentences."""

    class Output(serializers.Serializer[Any]):
        """The summary; it is kept nowhere."""

        summary = serializers.CharField(help_text="Empty when nothing was said yet.")

        class Meta:
            ref_name = "SessionSummary"

    @extend_schema(
        request=None,
        responses=Output,
        operation_id="sessions_summarize",
        tags=["sessions"],
        examples=[
            OpenApiExample(
                "A summary",
                {"summary": "You planned a trip to Lisbon and settled on three days in May."},
                response_only=True,
            )
        ],
    )
    async def post(self, request: Request, session_id: uuid.UUID) -> Response:
        """Summarize the whole conversation by a model. It counts against the caller's limits.

        A long conversation takes several calls; after two minutes the answer is 504.
        """
        reader = user_of(request)
        session = await sync_to_async(session_get)(session_id=session_id, owner_id=reader.pk)
        return Response({"summary": await session_summarize(session=session, reader=reader)})
