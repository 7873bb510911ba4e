"""Has a whole conversation summarized for its owner; the summary is given to them and kept nowhere."""

from controlplane.accounts.models import CustomUser
from controlplane.agent_server.bridges import bridge_for_service
from controlplane.api.waiting import free_thread
from controlplane.chat.models import ChatSession
from controlplane.errors import RunFailed
from sdk_bridge import ServiceRun

# A long conversation is many calls, each of which takes seconds.
LONGEST_SECONDS = 120.0


async def session_summarize(*, session: ChatSession, reader: CustomUser) -> str:
    """Summarize all of a session that is its reader's, to whom it is billed; empty if nothing was said.

    Raises RunFailed (`limit_reached` for one), and BridgeError, ServerTimedOut after two minutes.
    """
    request = ServiceRun(
        assistant="summarizer",
        input={"task": "summary"},
        user_id=reader.pk,
        source_thread_id=session.pk,
    )
    await free_thread()
    async with bridge_for_service() as bridge:
        answer = await bridge.run_for_service(request, within=LONGEST_SECONDS)
    if answer.failure is not None:
        failure = answer.failure
        raise RunFailed(failure.message, code=failure.code, details=failure.details)
    return str(answer.values.get("summary") or "")
