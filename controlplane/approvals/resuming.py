"""Starts the run that goes on after the last decision, as the user who decided."""

from uuid import UUID

from asgiref.sync import sync_to_async

from controlplane.accounts.models import CustomUser
from controlplane.agent_server.bridges import bridge_for_user
from controlplane.agent_server.patience import answered_in_time
from controlplane.approvals.deciding import approval_resumed
from controlplane.approvals.models import ToolApproval
from sdk_bridge import BridgeError, RunRequest


async def approval_resume(*, approval: ToolApproval, user: CustomUser) -> UUID:
    """Start the run; when it cannot start, the same decision said again tries anew. Raises BridgeError.

    The decisions are kept here, so the resume says none.
    """
    request = RunRequest(resume={"decisions": []}, on_disconnect="continue")
    try:
        async with answered_in_time(), bridge_for_user(user) as bridge:
            handle = await bridge.start_run(approval.thread_id, request)
    except BridgeError:
        await sync_to_async(approval_resumed)(approval=approval, run_id=None)
        raise
    await sync_to_async(approval_resumed)(approval=approval, run_id=handle.run_id)
    return handle.run_id
