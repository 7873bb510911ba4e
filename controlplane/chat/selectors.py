"""How sessions and their runs are found: by owner first, always."""

import uuid

from controlplane.chat.models import ChatSession, ChatSessionQuerySet
from controlplane.errors import NotFound
from controlplane.runs.models import Run, RunQuerySet


def session_get(*, session_id: uuid.UUID, owner_id: uuid.UUID) -> ChatSession:
    """Find a user's session. Raises NotFound for one that is missing, deleted or another user's."""
    session = ChatSession.objects.owned_by(owner_id).existing().filter(pk=session_id).first()
    if session is None:
        raise NotFound("There is no such session.")
    return session


def session_list(
    *, owner_id: uuid.UUID, archived: bool | None = None, pinned: bool | None = None, search: str = ""
) -> ChatSessionQuerySet:
    """Find a user's sessions; `None` leaves a filter out, `search` looks into titles, whatever their case.

    One whose thread has not been seen may yet turn out to be none, and is left out.
    """
    sessions = ChatSession.objects.owned_by(owner_id).existing().seen()
    if archived is not None:
        sessions = sessions.archived(archived)
    if pinned is not None:
        sessions = sessions.filter(is_pinned=pinned)
    return sessions.filter(title__icontains=search) if search else sessions


def run_list(*, session_id: uuid.UUID, owner_id: uuid.UUID) -> RunQuerySet:
    """Find the mirrored runs of a user's session. Raises NotFound for the session."""
    session = session_get(session_id=session_id, owner_id=owner_id)
    return Run.objects.owned_by(owner_id).filter(session=session)


def run_get(*, run_id: uuid.UUID, session_id: uuid.UUID, owner_id: uuid.UUID) -> Run:
    """Find one run of a user's session. Raises NotFound for either."""
    run = run_list(session_id=session_id, owner_id=owner_id).filter(pk=run_id).first()
    if run is None:
        raise NotFound("There is no such run.")
    return run
