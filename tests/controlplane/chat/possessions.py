"""What addresses of sessions and runs are about (see tests/controlplane/api/test_isolation.py)."""

from asgiref.sync import async_to_sync

from controlplane.accounts.models import CustomUser
from controlplane.chat.services import session_create
from controlplane.runs.models import Run
from controlplane.usage.models import TokenUsage

PUBLIC: set[str] = set()
SHARED: set[str] = set()
BODIES: dict[tuple[str, str], dict[str, object]] = {
    ("session-messages", "post"): {"message": "Is tea good?"},
    ("session", "patch"): {"title": "Mine now"},
}


def make(user: CustomUser) -> dict[str, object]:
    """A session with a thread, a run that was mirrored and the usage of it."""
    session = async_to_sync(session_create)(owner=user, settings={"title": "Tea"})
    run = Run.objects.create(user=user, session=session, thread_id=session.pk, graph_id="agent")
    TokenUsage.objects.create(user=user, chat_session=session, run=run, model_name="gpt-4o", prompt_tokens=5)
    return {"session_id": session.pk, "run_id": run.pk}
