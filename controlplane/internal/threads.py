"""What the Agent Server asks before it makes a thread (docs/contracts.md, section 2)."""

from uuid import UUID

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_POST
from pydantic import BaseModel, ConfigDict

from controlplane.internal.callers import agent_server_only
from controlplane.internal.payloads import read_payload
from controlplane.runs.claims import thread_claim


class ClaimPayload(BaseModel):
    """The body of a claim; no user means a developer in Studio."""

    model_config = ConfigDict(extra="ignore")

    thread_id: UUID
    user_id: UUID | None


@agent_server_only
@require_POST
def claim(request: HttpRequest) -> JsonResponse:
    """Answer whether a thread may be made under this id: 404 for another's, 410 for a deleted one."""
    given = read_payload(request, ClaimPayload)
    session = thread_claim(thread_id=given.thread_id, user_id=given.user_id)
    session_id = str(session.pk) if session is not None else None
    return JsonResponse({"thread_id": str(given.thread_id), "session_id": session_id})
