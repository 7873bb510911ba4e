"""Starts the runs that should go on, their calls being decided, and that nobody has started."""

import time

import structlog
from asgiref.sync import sync_to_async

from controlplane.approvals.claims import abandoned_claims, resume_claim, resume_note
from controlplane.approvals.models import ToolApproval
from controlplane.approvals.resuming import approval_resume
from controlplane.runs.models import Run
from sdk_bridge import BridgeError, Retryable

logger = structlog.get_logger(__name__)

GROUPS_PER_SWEEP = 100
SECONDS_PER_SWEEP = 12.0


async def sweep_resumes() -> int:
    """Look at what should go on once, as far as the time allows; returns how many runs were started.

    Raises Retryable when the Agent Server is away.
    """
    deadline = time.monotonic() + SECONDS_PER_SWEEP
    started = 0
    for approval in await sync_to_async(abandoned_claims)(limit=GROUPS_PER_SWEEP):
        if time.monotonic() > deadline:
            break
        if approval.user is None or not await sync_to_async(_takes_over)(approval):
            continue
        try:
            await approval_resume(approval=approval, user=approval.user)
            started += 1
        except Retryable:
            raise
        except BridgeError as error:
            logger.warning("run_not_resumed", approval_id=str(approval.pk), code=error.code)
    return started


def _takes_over(approval: ToolApproval) -> bool:
    """Claim it anew, unless a run came of the claim, of which the word was lost or is still on its way."""
    runs = Run.objects.filter(thread_id=approval.thread_id, admitted_at__gte=approval.resume_claimed_at)
    came = runs.exclude(status=Run.Status.WITHDRAWN).order_by("admitted_at").first()
    if came is None:
        return resume_claim(approval)
    if came.status != Run.Status.PROVISIONAL:
        resume_note(approval, run_id=came.pk)
    return False
