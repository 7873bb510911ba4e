"""What the Agent Server asks and tells about tool calls (docs/contracts.md, section 3b)."""

from typing import Literal
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_POST
from pydantic import BaseModel, ConfigDict, Field

from controlplane.internal.callers import agent_server_only
from controlplane.internal.payloads import read_payload
from controlplane.runs.context import NO_NULL
from controlplane.runs.tool_calls import tool_call_permit
from controlplane.tools.calls import ToolCallRequest, tool_call_end


class ToolCallPayload(BaseModel):
    """The body of a request to call a tool."""

    model_config = ConfigDict(extra="ignore")

    attempt_id: UUID
    tool_call_id: str = Field(max_length=200, pattern=NO_NULL)
    tool_name: str = Field(min_length=1, max_length=64, pattern=NO_NULL)


class ToolCallEndPayload(BaseModel):
    """The body of the word of a call's end."""

    model_config = ConfigDict(extra="ignore")

    outcome: Literal["finished", "failed", "cancelled"]
    duration_ms: int = Field(ge=0, le=2_000_000_000)


@agent_server_only
@require_POST
def tool_calls(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Answer with leave for one tool call: 201, or 200 when it was given before."""
    given = read_payload(request, ToolCallPayload)
    permit = tool_call_permit(ToolCallRequest(run_id=run_id, **given.model_dump()))
    answer = {
        "attempt_id": str(permit.attempt_id),
        "configuration": permit.configuration,
        "secrets": permit.secrets,
        "connection": permit.connection,
    }
    response = JsonResponse(answer, status=201 if permit.is_new else 200)
    response.headers["Cache-Control"] = "no-store"
    return response


@agent_server_only
@require_POST
def tool_call_ended(request: HttpRequest, run_id: UUID, attempt_id: UUID) -> HttpResponse:
    """Note how a call ended: 204, also for a repeat."""
    given = read_payload(request, ToolCallEndPayload)
    tool_call_end(run_id=run_id, attempt_id=attempt_id, **given.model_dump())
    return HttpResponse(status=204)
