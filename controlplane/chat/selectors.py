"""How sessions and their runs are found: by owner first, always."""

import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final

from controlplane.caching.entries import VersionedEntries
from controlplane.chat.models import ChatSession, ChatSessionQuerySet, DeletedThread
from controlplane.chat.row_versions import SessionRowVersion
from controlplane.errors import Gone, NotFound
from controlplane.runs.models import Run, RunQuerySet

CACHED_SECONDS: Final = 300
STATUSES: Final = ("active", "archived", "pinned")

_entries: VersionedEntries[tuple[Any, ...] | None] = VersionedEntries(
    prefix="chat_session", seconds=CACHED_SECONDS
)
_STATUSES: Final[Mapping[str, Callable[[ChatSessionQuerySet], ChatSessionQuerySet]]] = {
    "active": ChatSessionQuerySet.active,
    "archived": ChatSessionQuerySet.archived,
    "pinned": ChatSessionQuerySet.pinned,
}
_LOOKUPS: Final = {
    "model": "model_name",
    "search": "title__icontains",
    "created_after": "created_at__gte",
    "created_before": "created_at__lt",
    "updated_after": "updated_at__gte",
    "updated_before": "updated_at__lt",
}


def session_get(*, session_id: uuid.UUID, owner_id: uuid.UUID) -> ChatSession:
    """Find a user's session. Raises NotFound for one that is missing or another's, Gone for a deleted one."""
    session = ChatSession.objects.owned_by(owner_id).existing().filter(pk=session_id).first()
    if session is None:
        raise session_missing(session_id=session_id, owner_id=owner_id)
    return session


def session_missing(*, session_id: uuid.UUID, owner_id: uuid.UUID) -> NotFound | Gone:
    """Make the error for a session that a user does not have: gone for good, if they have deleted it."""
    if DeletedThread.objects.filter(pk=session_id, user_id=owner_id).exists():
        return Gone("This conversation was deleted.", code="thread_deleted")
    return NotFound("There is no such session.")


def session_uncache(session_id: uuid.UUID) -> None:
    """Drop the cached copy of a session."""
    _entries.forget(session_id)


def session_read(*, session_id: uuid.UUID, owner_id: uuid.UUID) -> ChatSession:
    """Find a user's session for showing it, its columns from the cache if they are the current ones.

    Whose it is, whether it is there and which version is current is asked of the database each time, in one
    narrow query; so every process sees every change at once, the cache's state notwithstanding.
    Raises NotFound, Gone.
    """
    mine = ChatSession.objects.owned_by(owner_id).existing().filter(pk=session_id)
    current = mine.annotate(row_version=SessionRowVersion()).values_list("row_version", flat=True).first()
    if current is None:
        raise session_missing(session_id=session_id, owner_id=owner_id)
    columns = [field.attname for field in ChatSession._meta.concrete_fields]
    # The columns belong to the version: an upgrade that changes them makes all copies old.
    values = _entries.read(
        session_id, version=[current, *columns], load=lambda: mine.values_list(*columns).first()
    )
    if values is None:
        raise session_missing(session_id=session_id, owner_id=owner_id)
    return ChatSession.from_db(mine.db, columns, values)


def session_list(*, owner_id: uuid.UUID) -> ChatSessionQuerySet:
    """Find a user's sessions.

    One whose thread has not been seen may yet turn out to be none, and is left out.
    """
    return ChatSession.objects.owned_by(owner_id).existing().seen()


def session_filter(
    sessions: ChatSessionQuerySet, *, owner_id: uuid.UUID, filters: Mapping[str, Any]
) -> ChatSessionQuerySet:
    """Narrow one user's sessions; a filter that is None or missing is left out.

    `status`, `archived`, `pinned`, `model`, `tag`, `search` (part of a title, whatever its case), and the
    moments `created_after`, `created_before`, `updated_after`, `updated_before`, each first one included.
    """
    given = {name: value for name, value in filters.items() if value not in (None, "")}
    if "status" in given:
        sessions = _STATUSES[given["status"]](sessions)
    if "archived" in given:
        sessions = sessions.archived(given["archived"])
    if "pinned" in given:
        sessions = sessions.pinned(given["pinned"])
    if "tag" in given:
        sessions = sessions.tagged(given["tag"], owner_id=owner_id)
    plainly = {lookup: given[name] for name, lookup in _LOOKUPS.items() if name in given}
    return sessions.filter(**plainly)


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
