"""Approvals over REST: what waits for the caller's word, and the word."""

import uuid
from typing import Any, ClassVar

from asgiref.sync import sync_to_async
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from controlplane.accounts.callers import user_of
from controlplane.api.asynchronous import AsyncAPIView
from controlplane.api.fields import TextField
from controlplane.api.pagination import KeysetPagination
from controlplane.approvals.deciding import Decision, approval_decide
from controlplane.approvals.models import LONGEST_REASON, Status, ToolApproval
from controlplane.approvals.resuming import approval_resume
from controlplane.errors import NotFound

EXAMPLE: dict[str, Any] = {
    "id": "6a1f4a52-7d0e-5f3e-8a0b-1c2d3e4f5a6b",
    "session_id": "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed",
    "tool_name": "calculator",
    "arguments": {"expression": "6 * 7"},
    "edited_arguments": None,
    "status": "pending",
    "reason": "",
    "created_at": "2026-03-01T09:30:00Z",
    "expires_at": "2026-03-08T09:30:00Z",
    "decided_at": None,
    "resumed_run_id": None,
}
SHOWN = OpenApiExample("Waiting", EXAMPLE, response_only=True)


class ApprovalSerializer(serializers.ModelSerializer[ToolApproval]):
    """A tool call that waits for leave, or what was decided of it."""

    session_id = serializers.UUIDField(allow_null=True, read_only=True)
    arguments = serializers.DictField(read_only=True)
    edited_arguments = serializers.DictField(read_only=True, allow_null=True)

    class Meta:
        ref_name = "Approval"
        model = ToolApproval
        fields: ClassVar[list[str]] = list(EXAMPLE)
        read_only_fields = fields


class ApprovalPages(KeysetPagination[ToolApproval]):
    """Newest first."""


class ApprovalsView(GenericAPIView[ToolApproval]):
    """The caller's approvals."""

    queryset = ToolApproval.objects.none()
    pagination_class = ApprovalPages

    class Filters(serializers.Serializer[Any]):
        """Which of them."""

        status = serializers.ChoiceField(choices=Status.choices, required=False)
        session_id = serializers.UUIDField(required=False)

    @extend_schema(
        parameters=[Filters],
        responses=ApprovalSerializer(many=True),
        operation_id="approvals_list",
        tags=["approvals"],
        examples=[SHOWN],
    )
    def get(self, request: Request) -> Response:
        """List the tool calls that asked for the caller's leave, newest first."""
        filters = self.Filters(data=request.query_params.dict())
        filters.is_valid(raise_exception=True)
        own = ToolApproval.objects.owned_by(user_of(request).pk).existing()
        page = self.paginate_queryset(own.filter(**filters.validated_data))
        return self.get_paginated_response(ApprovalSerializer(page, many=True).data)


class ApprovalView(APIView):
    """One approval."""

    @extend_schema(
        responses=ApprovalSerializer, operation_id="approvals_retrieve", tags=["approvals"], examples=[SHOWN]
    )
    def get(self, request: Request, approval_id: uuid.UUID) -> Response:
        """Show what is asked, and what was decided."""
        own = ToolApproval.objects.owned_by(user_of(request).pk).existing()
        approval = own.filter(pk=approval_id).first()
        if approval is None:
            raise NotFound("There is no such approval.")
        return Response(ApprovalSerializer(approval).data)


class ApprovalDecisionView(AsyncAPIView):
    """The caller's word."""

    class Input(serializers.Serializer[Any]):
        """The decision; `arguments` are what runs instead, with `edit` alone."""

        decision = serializers.ChoiceField(choices=["approve", "edit", "reject"])
        arguments = serializers.DictField(required=False)
        reason = TextField(max_length=LONGEST_REASON, allow_blank=True, required=False, default="")

        class Meta:
            ref_name = "ApprovalDecision"

    class Output(serializers.Serializer[Any]):
        """The approval; `run_id` is the run that goes on, null while others of its message wait."""

        approval = ApprovalSerializer()
        run_id = serializers.UUIDField(allow_null=True)

        class Meta:
            ref_name = "ApprovalDecided"

    @extend_schema(
        request=Input,
        responses={202: Output},
        operation_id="approvals_decide",
        tags=["approvals"],
        examples=[OpenApiExample("Approve", {"decision": "approve"}, request_only=True)],
    )
    async def post(self, request: Request, approval_id: uuid.UUID) -> Response:
        """Decide once; with the last decision of its message a run goes on, which the session's runs list.

        409 `approval_decided` for another word than the first, `approval_expired` when it came too late.
        """
        given = self.Input(data=request.data)
        given.is_valid(raise_exception=True)
        said, user = given.validated_data, user_of(request)
        word = Decision(type=said["decision"], arguments=said.get("arguments"), reason=said["reason"])
        decided = await sync_to_async(approval_decide)(
            approval_id=approval_id, user_id=user.pk, decision=word
        )
        run_id = decided.approval.resumed_run_id
        if decided.resumes:
            run_id = await approval_resume(approval=decided.approval, user=user)
        shown = ApprovalSerializer(decided.approval).data
        return Response({"approval": shown, "run_id": run_id}, status=202)
