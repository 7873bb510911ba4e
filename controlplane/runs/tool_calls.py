"""Lets live runs call tools: each call is asked for, and its end is noted (docs/contracts.md, section 3b)."""

from django.db import transaction

from controlplane.accounts.models import CustomUser
from controlplane.approvals.models import ToolApproval
from controlplane.approvals.redeeming import Redemption, approval_redeem
from controlplane.errors import Conflict, Forbidden, LimitReached
from controlplane.runs.models import Run
from controlplane.runs.permits import lock_live_run
from controlplane.tools.calls import (
    Payer,
    ToolCallRequest,
    ToolPermit,
    tool_call_open,
    tool_call_refuse,
)
from controlplane.tools.models import AvailableTool


def tool_call_permit(request: ToolCallRequest) -> ToolPermit:
    """Permit a tool call of a live run, or note its refusal, in one transaction; a repeat counts nothing.

    Raises NotFound for the run, Conflict `run_over`, Forbidden `tool_disabled` or
    `approval_required`, LimitReached.
    """
    with transaction.atomic():
        run = lock_live_run(request.run_id)
        if run.user_id is not None and not CustomUser.objects.filter(pk=run.user_id, is_active=True).exists():
            raise Conflict("The account is switched off.", code="run_over")
        payer = Payer(user_id=run.user_id, session_id=run.session_id)
        try:
            _redeem_approval(request, run)
            return tool_call_open(request, payer=payer)
        except (Forbidden, LimitReached) as refusal:
            tool_call_refuse(request, payer=payer)
            refused = refusal
    # Raised once its row is committed.
    raise refused


def _redeem_approval(request: ToolCallRequest, run: Run) -> None:
    """Ask the catalogue of this moment, whatever the run was told when it began.

    A call that was asked for, because its turn holds retrieved text, is held to the answer as well.
    """
    asks = AvailableTool.objects.filter(tool_name=request.tool_name, requires_approval=True)
    if not asks.exists() and not _was_asked_for(request, run):
        return
    approval_redeem(
        Redemption(
            approval_id=request.approval_id,
            attempt_id=request.attempt_id,
            thread_id=run.thread_id,
            user_id=run.user_id,
            tool_name=request.tool_name,
            arguments_hash=request.arguments_hash,
        )
    )


def _was_asked_for(request: ToolCallRequest, run: Run) -> bool:
    if request.approval_id is None or run.thread_id is None:
        return False
    return ToolApproval.objects.filter(pk=request.approval_id, thread_id=run.thread_id).exists()
