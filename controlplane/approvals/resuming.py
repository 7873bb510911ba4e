"""Starts the run that goes on after the last decision, as the user who decided."""

from uuid import UUID

from asgiref.sync import sync_to_async

from controlplane.accounts.models import CustomUser
from controlplane.agent_server.bridges import bridge_for_user
from controlplane.agent_server.patience import answered_in_time
from controlplane.approvals.claims import resume_give_up, resume_note
from controlplane.approvals.models import ToolApproval
from sdk_bridge import Final, RunRequest


async def approval_resume(*, approval: ToolApproval, user: CustomUser) -> UUID:
    """Start the run for which the caller holds the claim. The decisions are kept here: the resume says none.

    Raises BridgeError. After one that is Retryable it may have started all the same; the sweep finds out.
    """
    request = RunRequest(resume={"decisions": []}, on_disconnect="continue")
    try:
        async with answered_in_time(), bridge_for_user(user) as bridge:
            handle = await bridge.start_run(approval.thread_id, request)
    except Final:
        await sync_to_async(resume_give_up)(approval)
        raise
    await sync_to_async(resume_note)(approval, run_id=handle.run_id)
    return handle.run_id
