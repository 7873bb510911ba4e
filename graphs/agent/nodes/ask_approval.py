"""Waits for the user's leave where tools need it."""

from typing import Any

from langchain_core.messages import AIMessage
from langgraph.config import get_config
from langgraph.runtime import Runtime
from langgraph.types import interrupt

from graphs import control_plane
from graphs.agent.approvals import answered, calls_to_ask_for, decided_locally, question, refusal
from graphs.agent.context import AgentContext
from graphs.agent.state import AgentState
from graphs.approval_messages import Approval, ApprovalRequest, AskedCall
from graphs.errors import ControlPlaneRefused
from graphs.metering.places import PlacedCall, approval_id
from graphs.settings import read_settings


async def ask_approval(state: AgentState, runtime: Runtime[AgentContext]) -> dict[str, Any]:
    """Ask for the calls that need leave, and go on with what was decided; raises ControlPlaneUnreachable.

    It runs anew on each resume. Where there is a control plane, it alone says what was decided.
    """
    last = state["messages"][-1]
    if not isinstance(last, AIMessage):
        return {}
    needing = calls_to_ask_for(state["messages"], runtime.context)
    if not needing:
        return {}
    calls = [one.call for one in needing]
    if read_settings().is_standalone:
        decided = decided_locally(interrupt(question([], calls)), calls)
    else:
        info = runtime.execution_info
        try:
            decided = await _ask((info.run_id if info else None) or "", last, needing)
        except ControlPlaneRefused as refused:
            return {"messages": [refusal(one, refused.message) for one in needing]}
    return {"messages": answered(last, list(zip(needing, decided, strict=True)))}


async def _ask(run_id: str, message: AIMessage, needing: list[PlacedCall]) -> list[Approval]:
    """Interrupt until all is decided; each resume is heard once and asks anew."""
    thread_id = str(get_config()["configurable"]["thread_id"])
    request = ApprovalRequest(
        message_id=(message.id or "")[:200],
        calls=[
            AskedCall(
                approval_id=approval_id(thread_id, one.place),
                tool_name=one.call["name"],
                arguments=one.call["args"],
            )
            for one in needing
        ],
    )
    while True:
        approvals = (await control_plane.ask_approvals(run_id, request)).approvals
        if all(approval.status != "pending" for approval in approvals):
            return approvals
        interrupt(question(approvals, [one.call for one in needing]))
