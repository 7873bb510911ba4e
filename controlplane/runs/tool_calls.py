"""Lets live runs call tools: each call is asked for, and its end is noted (docs/contracts.md, section 3b)."""

from django.db import transaction

from controlplane.accounts.models import CustomUser
from controlplane.errors import Conflict, Forbidden, LimitReached
from controlplane.runs.permits import lock_live_run
from controlplane.tools.calls import (
    Payer,
    ToolCallRequest,
    ToolPermit,
    tool_call_open,
    tool_call_refuse,
)


def tool_call_permit(request: ToolCallRequest) -> ToolPermit:
    """Permit a tool call of a live run, or note its refusal, in one transaction; a repeat counts nothing.

    Raises NotFound for the run, Conflict `run_over`, Forbidden `tool_disabled`, LimitReached.
    """
    with transaction.atomic():
        run = lock_live_run(request.run_id)
        if run.user_id is not None and not CustomUser.objects.filter(pk=run.user_id, is_active=True).exists():
            raise Conflict("The account is switched off.", code="run_over")
        payer = Payer(user_id=run.user_id, session_id=run.session_id)
        try:
            return tool_call_open(request, payer=payer)
        except (Forbidden, LimitReached) as refusal:
            tool_call_refuse(request, payer=payer)
            refused = refusal
    # Raised once its row is committed.
    raise refused
