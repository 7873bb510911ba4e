"""What the Agent Server asks and tells about runs (docs/contracts.md, sections 2, 3 and 5)."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from celery import Signature
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_POST
from kombu.exceptions import OperationalError as QueueError
from pydantic import BaseModel, ConfigDict, Field
from redis.exceptions import RedisError

from controlplane.api.admission_metrics import admission_measured
from controlplane.approvals.deciding import Decision
from controlplane.approvals.models import LONGEST_REASON
from controlplane.chat.models import ChatSession
from controlplane.chat.tasks import index_session, title_session
from controlplane.errors import Invalid, NotFound, Unavailable
from controlplane.internal.callers import agent_server_only, run_webhook_only
from controlplane.internal.payloads import read_payload
from controlplane.runs.admission import Role, RunRequest, describe_admission, run_admit
from controlplane.runs.context import NO_NULL, Wishes
from controlplane.runs.mirror import run_confirm, run_end, run_roll_back
from controlplane.runs.models import Run
from controlplane.runs.permits import CallRequest, call_permit
from controlplane.runs.tasks import settle_run


class Requested(Wishes):
    """What is asked for, and for the control plane's own runs whom to bill and whose conversation to read."""

    user_id: UUID | None = None
    source_thread_id: UUID | None = None


class DecisionPayload(BaseModel):
    """A user's word about one tool call."""

    model_config = ConfigDict(extra="ignore")

    type: Literal["approve", "edit", "reject"]
    arguments: dict[str, Any] | None = None
    reason: str = Field(default="", max_length=LONGEST_REASON, pattern=NO_NULL)


class AdmitPayload(BaseModel):
    """The body of an admission."""

    model_config = ConfigDict(extra="ignore")

    run_id: UUID
    thread_id: UUID | None
    graph_id: str = Field(min_length=1, max_length=100, pattern=NO_NULL)
    user_id: UUID | None
    token_version: int | None = Field(default=None, ge=0)
    role: Role
    is_resume: bool = False
    requested: Requested = Field(default_factory=Requested)
    decisions: list[DecisionPayload] = Field(default_factory=list, max_length=64)

    def source_thread_id(self) -> UUID | None:
        """Whose conversation a run without a thread of its own reads; for the control plane's own alone."""
        return self.requested.source_thread_id if self.role is Role.SERVICE else None

    def payer_id(self) -> UUID | None:
        """Whom the run is billed to. Raises Invalid when that is not said."""
        payer, field = {
            Role.USER: (self.user_id, "user_id"),
            Role.SERVICE: (self.requested.user_id, "requested.user_id"),
            Role.STUDIO: (None, ""),
        }[self.role]
        if payer is None and field:
            raise Invalid("The run names nobody to bill.", fields={field: ["This field is required."]})
        return payer


class CallPayload(BaseModel):
    """The body of a request for a permit."""

    model_config = ConfigDict(extra="ignore")

    attempt_id: UUID
    model: str = Field(min_length=1, max_length=200, pattern=NO_NULL)
    node: str = Field(max_length=100, pattern=NO_NULL)
    request_type: Literal["chat", "summarization", "title", "embedding", "tool"]
    estimated_prompt_tokens: int = Field(ge=0, le=100_000_000)
    max_output_tokens: int | None = Field(default=None, ge=1, le=100_000_000)


class WebhookPayload(BaseModel):
    """The body of a run's webhook: a hint, whose truth is read back."""

    model_config = ConfigDict(extra="ignore")

    run_id: UUID
    thread_id: UUID | None = None
    status: Literal["success", "error", "timeout", "interrupted", "rollback"]
    run_started_at: datetime | None = None
    run_ended_at: datetime | None = None


@agent_server_only
@require_POST
def admit(request: HttpRequest) -> HttpResponse:
    """Answer whether a run may start, and with what."""
    given = read_payload(request, AdmitPayload)
    with admission_measured():
        admission = run_admit(
            RunRequest(
                run_id=given.run_id,
                thread_id=given.thread_id,
                graph_id=given.graph_id,
                role=given.role,
                payer_id=given.payer_id(),
                source_thread_id=given.source_thread_id(),
                token_version=given.token_version,
                is_resume=given.is_resume,
                wishes=given.requested,
                decisions=[Decision(**decision.model_dump()) for decision in given.decisions],
            )
        )
    return JsonResponse(describe_admission(admission))


@agent_server_only
@require_POST
def calls(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Answer with the permit for one model call: 201, or 200 when it was given before."""
    given = read_payload(request, CallPayload)
    permit = call_permit(CallRequest(run_id=run_id, **given.model_dump()))
    own = permit.own_key
    answer = {
        "attempt_id": str(permit.attempt_id),
        "base_url": permit.base_url,
        "api_key": permit.api_key,
        "protocol": permit.protocol,
        "own_key": {"provider": own.provider, "version": own.version} if own else None,
    }
    response = JsonResponse(answer, status=201 if permit.is_new else 200)
    response.headers["Cache-Control"] = "no-store"
    return response


@run_webhook_only
@require_POST
def run_webhook(request: HttpRequest) -> HttpResponse:
    """Queue the settlement of a run that ended."""
    given = read_payload(request, WebhookPayload)
    run = Run.objects.select_related("session").filter(pk=given.run_id).first()
    # A run without a thread gets a passing one on the Agent Server, whose id says nothing here.
    if run is None or run.thread_id not in {None, given.thread_id}:
        raise NotFound("There is no such run.", code="run_not_found")
    if given.status == "rollback" or run.thread_id is None:
        _take_at_its_word(run, given)
    try:
        settle_run.apply_async((str(given.run_id),), link=_followers(run))
    except (QueueError, RedisError) as error:
        raise Unavailable("The job queue does not answer.", code="queue_unavailable") from error
    return HttpResponse(status=202)


def _followers(run: Run) -> list[Signature[None]]:
    """Name the jobs that wait for a run's settlement, as far as there is anything for them to do."""
    # A run without a thread of its own has only read what was said.
    if run.session is None or run.thread_id is None:
        return []
    of_session = str(run.session.pk)
    may_be_named = settings.AUTO_TITLES and run.session.title_origin == ChatSession.TitleOrigin.DEFAULT
    return [
        *([index_session.si(of_session)] if settings.MESSAGE_SEARCH else []),
        *([title_session.si(of_session)] if may_be_named else []),
    ]


def _take_at_its_word(run: Run, given: WebhookPayload) -> None:
    # Such a run is gone from the Agent Server when it is over: nothing can be read back.
    now = timezone.now()
    started_at, ended_at = given.run_started_at or now, given.run_ended_at or now
    if given.status == "rollback":
        run_roll_back(run_id=run.pk, started_at=started_at, ended_at=ended_at)
        return
    run_confirm(run_id=run.pk, status=given.status, started_at=started_at)
    run_end(run_id=run.pk, status=given.status, ended_at=ended_at)
