"""Keeps the mirrored runs true: seen, withdrawn, ended, closed. Each step is one conditional change."""

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from controlplane.api.idempotency import forget_creation
from controlplane.chat.models import ChatSession
from controlplane.runs.models import Run
from controlplane.tools.calls import tool_calls_abandon
from controlplane.tools.models import ToolCall
from controlplane.usage.counters import refund_message
from controlplane.usage.models import TokenUsage

NEVER_SEEN = "run_never_seen"
ROLLED_BACK = "run_rolled_back"
LOST = "run_lost"


def run_confirm(*, run_id: UUID, status: str, started_at: datetime) -> None:
    """Note that the Agent Server has a run, so that neither it nor its session is provisional any more.

    Repeats do no harm, and a late one does not bring back a run whose end was noted.
    """
    with transaction.atomic():
        run = _lock(run_id)
        if run is None or run.ended_at is not None:
            return
        is_first = run.status == Run.Status.PROVISIONAL
        run.status = status
        run.started_at = run.started_at or started_at
        run.save(update_fields=["status", "started_at"])
        if not is_first or run.session_id is None:
            return
        ChatSession.objects.filter(pk=run.session_id, is_provisional=True).update(is_provisional=False)
        session = ChatSession.objects.filter(pk=run.session_id).first()
        if session is not None and run.message_counted_on is not None:
            session.update_analytics(message_count=1)


def run_end(*, run_id: UUID, status: str, ended_at: datetime, error_code: str = "") -> None:
    """Note how a run ended; what was noted first stays. Its session's index of messages is to follow.

    So is a title, where nobody has worded one.
    """
    with transaction.atomic():
        is_news = Run.objects.filter(pk=run_id, ended_at=None).update(
            status=status, ended_at=ended_at, error_code=error_code
        )
        # A run without a thread has only read what was said.
        session = ChatSession.objects.filter(runs__pk=run_id, runs__thread_id__isnull=False)
        if is_news:
            session.want_index()
        if is_news and status == Run.Status.SUCCESS and settings.AUTO_TITLES:
            session.want_title()


def run_roll_back(*, run_id: UUID, started_at: datetime, ended_at: datetime) -> None:
    """Note that a run was taken back with all that it wrote; the Agent Server has forgotten it.

    Its calls stay billed. Until it is over the server calls it interrupted, and who looks then may have
    noted that, or soon after that it is lost: this is said once, so it is taken over those.
    """
    run_confirm(run_id=run_id, status=Run.Status.INTERRUPTED, started_at=started_at)
    run_end(run_id=run_id, status=Run.Status.INTERRUPTED, ended_at=ended_at)
    unexplained = Run.objects.filter(status=Run.Status.INTERRUPTED, error_code__in=("", LOST))
    if unexplained.filter(pk=run_id).update(error_code=ROLLED_BACK):
        # Who looked before may have indexed what was taken back since.
        ChatSession.objects.filter(runs=run_id).want_index()


def run_lose(*, run_id: UUID, since: datetime) -> None:
    """Note that a run was cut off: it did exist, and the Agent Server does not know it any more."""
    run_confirm(run_id=run_id, status=Run.Status.INTERRUPTED, started_at=since)
    run_end(run_id=run_id, status=Run.Status.INTERRUPTED, ended_at=timezone.now(), error_code=LOST)


def run_withdraw(*, run_id: UUID) -> bool:
    """Take back an admission that no run came of: the message, and a session that only it had made.

    Does nothing, and says so, when the run was seen or has made a call.
    """
    with transaction.atomic():
        run = _lock(run_id)
        if run is None or run.status != Run.Status.PROVISIONAL:
            return False
        if has_made_calls(run_id):
            return False
        counted_on, session_id = run.message_counted_on, run.session_id
        now = timezone.now()
        run.status, run.error_code = Run.Status.WITHDRAWN, NEVER_SEEN
        run.message_counted_on, run.ended_at, run.settled_at = None, now, now
        run.save(update_fields=["status", "error_code", "message_counted_on", "ended_at", "settled_at"])
        if session_id is not None:
            session_withdraw(session_id=session_id, claimed_before=now)
        if counted_on is not None and run.user_id is not None:
            refund_message(user_id=run.user_id, day=counted_on)
    return True


def session_withdraw(*, session_id: UUID, claimed_before: datetime) -> bool:
    """Drop a provisional session; returns whether it did.

    It stays when its thread was claimed since that time, or when a run of it may still come. Nobody has
    deleted it, so the key it was created with may create it again.
    """
    with transaction.atomic():
        # Under its lock, against an admission or a claim on the same thread.
        locked = ChatSession.objects.select_for_update(no_key=True)
        session = locked.filter(pk=session_id, is_provisional=True, updated_at__lt=claimed_before).first()
        if session is None or Run.objects.unsettled().filter(session=session).exists():
            return False
        forget_creation(user_id=session.user_id, object_id=str(session.pk))
        session.delete()
    return True


def run_close(*, run_id: UUID) -> bool:
    """Settle a run for good once it has ended and no call of it is pending; returns whether it is closed."""
    with transaction.atomic():
        run = _lock(run_id)
        if run is None or run.settled_at is not None:
            return True
        if run.ended_at is None or TokenUsage.objects.pending().filter(run=run).exists():
            return False
        run.settled_at = timezone.now()
        run.save(update_fields=["settled_at"])
        tool_calls_abandon(run_id=run_id)
    return True


def has_made_calls(run_id: UUID) -> bool:
    """Tell whether a run has called a model or a tool, so that it did exist."""
    of_model = TokenUsage.objects.filter(run_id=run_id).exists()
    return of_model or ToolCall.objects.filter(run_id=run_id).exists()


def _lock(run_id: UUID) -> Run | None:
    return Run.objects.select_for_update(no_key=True).filter(pk=run_id).first()
