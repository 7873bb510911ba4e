"""Lets live runs ask their users for leave."""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction

from controlplane.approvals.asking import AskedCall, Asker, approvals_ask
from controlplane.approvals.models import ToolApproval
from controlplane.errors import Conflict
from controlplane.runs.permits import lock_live_run


def run_ask(*, run_id: UUID, message_id: str, calls: Sequence[AskedCall]) -> list[ToolApproval]:
    """Ask for leave for the calls of one message, in one transaction; a repeat changes nothing.

    Raises NotFound for the run, Conflict `run_over` or `run_without_thread`, Invalid.
    """
    with transaction.atomic():
        run = lock_live_run(run_id)
        if run.thread_id is None:
            raise Conflict("Nobody can be asked in a run without a thread.", code="run_without_thread")
        asker = Asker(run_id=run.pk, thread_id=run.thread_id, user_id=run.user_id, session_id=run.session_id)
        return approvals_ask(asker=asker, message_id=message_id, calls=calls)
