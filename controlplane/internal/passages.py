"""What the Agent Server asks of a user's documents for a live run (docs/contracts.md, section 3d)."""

from dataclasses import asdict
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_POST
from pydantic import BaseModel, ConfigDict, Field

from controlplane.documents.search import LONGEST_QUERY, Passage, Question, passages_find
from controlplane.internal.callers import agent_server_only
from controlplane.internal.payloads import read_payload
from controlplane.runs.context import NO_NULL
from controlplane.runs.payers import payer_of_live_run

MOST_PASSAGES = 10


class PassagesPayload(BaseModel):
    """The body of a question."""

    model_config = ConfigDict(extra="ignore")

    query: str = Field(min_length=1, max_length=LONGEST_QUERY, pattern=NO_NULL)
    limit: int = Field(default=5, ge=1, le=MOST_PASSAGES)


@agent_server_only
@require_POST
def passages(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Answer with the best passages within the reach of the run's user and session."""
    given = read_payload(request, PassagesPayload)
    payer = payer_of_live_run(run_id)
    found: list[Passage] = []
    if payer.user_id is not None and given.query.strip():
        question = Question(text=given.query, session_id=payer.session_id, limit=given.limit)
        found = passages_find(question, owner_id=payer.user_id)
    return JsonResponse({"passages": [{**asdict(one), "document_id": str(one.document_id)} for one in found]})
