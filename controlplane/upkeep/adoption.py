"""Makes what one plane lacks: a session for a thread, a thread for a session."""

from uuid import UUID

from asgiref.sync import sync_to_async

from controlplane.accounts.models import CustomUser
from controlplane.chat.models import ChatSession
from controlplane.chat.provisional import session_confirm
from controlplane.errors import ThreadplaneError
from controlplane.runs.claims import USERS_GRAPH, thread_claim
from sdk_bridge import Bridge, Thread

STUDIO = "studio"


def owner_of(thread: Thread) -> str:
    """Read whose a thread says it is; empty when it does not say."""
    owner = thread.metadata.get("owner")
    return owner if isinstance(owner, str) else ""


def is_developers(thread: Thread) -> bool:
    """Whether it was made in Studio, whose threads have no sessions."""
    return owner_of(thread) == STUDIO


def known_owner(thread: Thread) -> UUID | None:
    """Find the active user whom a thread names as its owner."""
    try:
        owner_id = UUID(owner_of(thread))
    except ValueError:
        return None
    return owner_id if CustomUser.objects.filter(pk=owner_id, is_active=True).exists() else None


def thread_adopt(thread: Thread) -> ChatSession | None:
    """Give a user's thread the session that it should have; None for one that nobody can be given.

    By the rules of a claim, so a tombstone or somebody else's runs keep it from being adopted.
    """
    owner_id = known_owner(thread)
    if owner_id is None or thread.graph_id not in (None, USERS_GRAPH):
        return None
    try:
        session = thread_claim(thread_id=thread.id, user_id=owner_id)
    except ThreadplaneError:
        return None
    session_confirm(session_id=thread.id, owner_id=owner_id)
    ChatSession.objects.filter(pk=thread.id).want_index()
    return session


async def thread_restore(bridge: Bridge, session: ChatSession) -> bool:
    """Make a session's lost thread again; returns whether it was wanted still.

    A deletion meanwhile may have looked before the thread was back: then it goes again.
    """
    mine = ChatSession.objects.existing().filter(pk=session.pk)
    if not await mine.aexists():
        return False
    await bridge.restore_thread(session.pk, graph_id=session.graph_id, owner_id=session.user_id)
    if await sync_to_async(mine.exists)():
        return True
    await bridge.delete_thread(session.pk)
    return False
