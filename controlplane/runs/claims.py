"""Decides whose a thread id is before the Agent Server makes a thread or run of it (contract 2)."""

from uuid import UUID

from django.db import transaction

from controlplane.accounts.models import CustomUser
from controlplane.chat.models import ChatSession, DeletedThread
from controlplane.errors import Forbidden, Gone, NotFound, Unauthenticated
from controlplane.runs.models import Run

# The only graph that users' threads run.
USERS_GRAPH = "agent"


def thread_claim(*, thread_id: UUID, user_id: UUID | None) -> ChatSession | None:
    """Answer for a thread that is about to be made; a user's new one gets a provisional session.

    Without a user it is for a developer in Studio, who has no sessions. Repeats change nothing but the time
    from which the sweep waits for the thread. One transaction. Raises NotFound, Gone, Forbidden.
    """
    with transaction.atomic():
        owner = find_active_user(user_id)
        session = lock_session(thread_id, owner=owner, new_graph_id=USERS_GRAPH)
        if session is not None and session.is_provisional:
            session.save(update_fields=["updated_at"])
    return session


def find_active_user(user_id: UUID | None, *, token_version: int | None = None) -> CustomUser | None:
    """Find who acts, None being Studio. Raises Forbidden for an account that is off or missing.

    Raises Unauthenticated for a token of before the last sign-out: the Agent Server's own knowledge of it
    may be ten seconds old.
    """
    if user_id is None:
        return None
    user = CustomUser.objects.filter(pk=user_id, is_active=True).first()
    if user is None:
        raise Forbidden("The account is switched off.", code="user_inactive")
    if token_version is not None and token_version < user.token_version:
        raise Unauthenticated("This account is signed out.", code="signed_out")
    return user


def lock_session(
    thread_id: UUID, *, owner: CustomUser | None, new_graph_id: str | None = None
) -> ChatSession | None:
    """Lock the session of a thread that is this owner's or nobody's, within the caller's transaction.

    `new_graph_id` makes a provisional one for a user's thread that has none. Raises NotFound for another's
    thread, Gone for a deleted one. A thread that only the Agent Server knows is its own check's to refuse,
    which comes after this one; the sweep then withdraws what was made here.
    """
    known = _lock(thread_id)
    session = known
    if known is None and owner is not None and new_graph_id is not None:
        session = _open(thread_id, owner, new_graph_id)
    owner_id = owner.pk if owner else None
    # Looked for under the lock under which a deletion puts it up.
    tombstone = DeletedThread.objects.filter(pk=thread_id).first()
    if tombstone is not None and tombstone.user_id in (owner_id, None):
        raise Gone("This conversation was deleted.", code="thread_deleted")
    is_foreign = tombstone is not None or (session is not None and session.user_id != owner_id)
    if is_foreign or (known is None and _has_foreign_runs(thread_id, owner_id)):
        raise NotFound("There is no such conversation.", code="thread_not_found")
    return session


def _open(thread_id: UUID, owner: CustomUser, graph_id: str) -> ChatSession:
    while True:
        provisional = ChatSession(id=thread_id, user=owner, graph_id=graph_id, is_provisional=True)
        ChatSession.objects.bulk_create([provisional], ignore_conflicts=True)
        session = _lock(thread_id)
        if session is not None:
            return session
        # Somebody else's was in the way and withdrawn before it could be locked: the id is free now.


def _has_foreign_runs(thread_id: UUID, owner_id: UUID | None) -> bool:
    """Whether runs of somebody else left checkpoints under an id that has no session, as Studio's do."""
    seen = Run.objects.filter(thread_id=thread_id).exclude(status=Run.Status.WITHDRAWN)
    return seen.exclude(user_id=owner_id).exists()


def _lock(thread_id: UUID) -> ChatSession | None:
    return ChatSession.objects.select_for_update(no_key=True).filter(pk=thread_id).first()
