"""What the Agent Server asks about approvals (docs/contracts.md, section 3c)."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_POST
from pydantic import BaseModel, ConfigDict, Field

from controlplane.approvals.asking import AskedCall
from controlplane.internal.callers import agent_server_only
from controlplane.internal.payloads import read_payload
from controlplane.runs.approvals import run_ask
from controlplane.runs.context import NO_NULL


class CallPayload(BaseModel):
    """One call that needs leave."""

    model_config = ConfigDict(extra="ignore")

    approval_id: UUID
    tool_name: str = Field(min_length=1, max_length=64, pattern=NO_NULL)
    arguments: dict[str, Any]


class AskPayload(BaseModel):
    """The calls of one message that need leave."""

    model_config = ConfigDict(extra="ignore")

    message_id: str = Field(max_length=200, pattern=NO_NULL)
    calls: list[CallPayload] = Field(min_length=1, max_length=64)


@agent_server_only
@require_POST
def approvals(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Answer how the calls of a message stand, asking their user where nobody has yet."""
    given = read_payload(request, AskPayload)
    calls = [AskedCall(**call.model_dump()) for call in given.calls]
    found = run_ask(run_id=run_id, message_id=given.message_id, calls=calls)
    answer = [
        {
            "id": str(approval.pk),
            "status": approval.status,
            "arguments": approval.runs_with,
            "reason": approval.reason,
            "expires_at": approval.expires_at.isoformat(),
        }
        for approval in found
    ]
    return JsonResponse({"approvals": answer})
