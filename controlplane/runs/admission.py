"""Decides which runs may start, and with what (docs/contracts.md, section 2)."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction

from controlplane.accounts.models import CustomUser
from controlplane.chat.models import ChatSession
from controlplane.errors import Conflict, LimitReached, NotFound
from controlplane.provider_keys.models import UserAPIKey
from controlplane.provider_keys.use import key_for_run
from controlplane.runs.claims import find_active_user, lock_session
from controlplane.runs.configuration import EffectiveConfiguration, effective_configuration
from controlplane.runs.context import Wishes
from controlplane.runs.models import Run
from controlplane.usage.counters import consume_message

# The graph that reads conversations for titles and summaries.
SUMMARIZER = "summarizer"


class Role(StrEnum):
    """Who asks: a user, the control plane for a user, or a developer in Studio, whom nothing is billed to."""

    USER = "user"
    SERVICE = "service"
    STUDIO = "studio"


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """A run that wants to start; `payer_id` is whom its calls are billed to.

    `token_version` is that of the user's token, None where no user's token starts the run. One that reads a
    conversation and adds nothing to it has no thread of its own and names its source.
    """

    run_id: UUID
    thread_id: UUID | None
    graph_id: str
    role: Role
    payer_id: UUID | None
    is_resume: bool
    wishes: Wishes
    token_version: int | None = None
    source_thread_id: UUID | None = None

    @property
    def is_message(self) -> bool:
        """Whether it is a new human turn, which is what the daily limit counts."""
        return self.role is Role.USER and not self.is_resume


@dataclass(frozen=True, kw_only=True)
class Admission:
    """A run that may start, and what it starts with."""

    run: Run
    context: dict[str, Any]


def run_admit(request: RunRequest) -> Admission:
    """Let a run in: mirror it and its session as provisional, and count its message. One transaction.

    A repeat gets the same answer and changes nothing.
    Raises NotFound, Gone, Unauthenticated, Forbidden, Conflict (`key_refused` for a user's own key that is
    known to be bad), Invalid `model_not_allowed`, LimitReached.
    """
    with transaction.atomic():
        if Run.objects.filter(pk=request.run_id).exists():
            return _admitted_before(request)
        payer = find_active_user(request.payer_id, token_version=request.token_version)
        session = _find_session(request, payer)
        try:
            return _open_run(request, payer, session)
        except (IntegrityError, LimitReached):
            # The same admission, sent twice at once: this one came second and has counted nothing. The
            # first may have taken the last message.
            if not Run.objects.filter(pk=request.run_id).exists():
                raise
            return _admitted_before(request)


def _open_run(request: RunRequest, payer: CustomUser | None, session: ChatSession | None) -> Admission:
    configuration = _configuration(request, session)
    configuration.require_allowed_model()
    key = None if payer is None else key_for_run(user_id=payer.pk, model_name=configuration.model.value)
    with transaction.atomic():
        # The counter last of all locks, since every run of its user waits for it.
        counted_on = _count_message(request, payer, key)
        run = Run.objects.create(
            id=request.run_id,
            user=payer,
            session=session,
            thread_id=request.thread_id,
            graph_id=request.graph_id,
            model_name=configuration.model.value,
            provider_key=key,
            message_counted_on=counted_on,
        )
    return Admission(run=run, context=_context(configuration.on_key(key), request))


def _configuration(request: RunRequest, session: ChatSession | None) -> EffectiveConfiguration:
    configuration = effective_configuration(session=session, user_id=request.payer_id, wishes=request.wishes)
    return configuration.for_summaries() if request.graph_id == SUMMARIZER else configuration


def _context(configuration: EffectiveConfiguration, request: RunRequest) -> dict[str, Any]:
    context = configuration.context()
    if request.source_thread_id is not None:
        context["source_thread_id"] = str(request.source_thread_id)
    return context


def _count_message(request: RunRequest, payer: CustomUser | None, key: UserAPIKey | None) -> date | None:
    if payer is None or not request.is_message:
        return None
    return consume_message(payer, is_house_paid=key is None).day


def _admitted_before(request: RunRequest) -> Admission:
    run = Run.objects.select_related("session", "provider_key").get(pk=request.run_id)
    if (run.user_id, run.thread_id, run.graph_id) != (request.payer_id, request.thread_id, request.graph_id):
        raise Conflict("This run id belongs to another run.", code="run_id_taken")
    if request.source_thread_id is not None and run.session_id != request.source_thread_id:
        raise Conflict("This run id belongs to another run.", code="run_id_taken")
    configuration = _configuration(request, run.session).on_key(run.provider_key)
    return Admission(run=run, context=_context(configuration, request))


def _find_session(request: RunRequest, payer: CustomUser | None) -> ChatSession | None:
    """Lock the thread's session, making a provisional one for a user's thread that has none yet."""
    if request.source_thread_id is not None:
        return _find_source(request.source_thread_id, payer)
    if request.thread_id is None:
        return None
    is_user = request.role is Role.USER
    new_graph_id = request.graph_id if is_user else None
    session = lock_session(request.thread_id, owner=payer, new_graph_id=new_graph_id)
    if session is not None and session.is_archived and is_user:
        raise Conflict("The session is archived. Restore it first.", code="session_archived")
    return session


def _find_source(thread_id: UUID, payer: CustomUser | None) -> ChatSession:
    """Lock the session whose conversation is read; it must be the payer's, and be there."""
    session = lock_session(thread_id, owner=payer)
    if session is None:
        raise NotFound("There is no such conversation.", code="thread_not_found")
    return session


def describe_admission(admission: Admission) -> dict[str, Any]:
    """Give the answer that the Agent Server's hook writes into the run."""
    run = admission.run
    session_id = str(run.session_id) if run.session_id else None
    user_id = str(run.user_id) if run.user_id else None
    return {
        "run_id": str(run.pk),
        "session_id": session_id,
        "user_id": user_id,
        "context": admission.context,
        # No session: a thread that this run makes inherits the metadata, and so would every copy of it.
        # Nor an owner without a thread: the passing one that the server makes would be among the user's.
        "metadata": {"owner": user_id} if user_id and run.thread_id else {},
        "webhook": f"{settings.CONTROL_PLANE_URL}/internal/webhooks/runs/",
    }
