"""Finds a user's sessions by their titles and by what was said in them, and says where."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import F, Window
from django.db.models.functions import RowNumber

from controlplane.chat.models import ChatSession, ChatSessionQuerySet, IndexedMessage
from controlplane.chat.models.lexemes import Matches, in_titles, read_query
from controlplane.chat.selectors import session_list

# Where a word is everywhere, the first ones tell as much as all.
PLACES_PER_SESSION = 10


@dataclass(frozen=True, kw_only=True)
class Place:
    """A message that fulfils the query; `position` counts all messages of its conversation from 0."""

    message_id: str
    position: int


@dataclass(kw_only=True)
class Places:
    """Where in one session the query was fulfilled; at most ten messages, oldest first."""

    in_title: bool = False
    messages: list[Place] = field(default_factory=list)


def session_search(*, owner_id: uuid.UUID, text: str) -> ChatSessionQuerySet:
    """Find a user's sessions with a title or one message in which all words are, the last one unfinished."""
    query = read_query(text, owner_id=owner_id)
    sessions = session_list(owner_id=owner_id)
    return sessions.none() if query is None else sessions.about(query, owner_id=owner_id)


def find_places(
    sessions: Iterable[ChatSession], *, owner_id: uuid.UUID, text: str
) -> dict[uuid.UUID, Places]:
    """Say for a page of found sessions where the query was fulfilled, in two queries."""
    places = {session.pk: Places() for session in sessions}
    query = read_query(text, owner_id=owner_id) if places else None
    if query is None:
        return places
    titled = session_list(owner_id=owner_id).filter(pk__in=places).titled(in_titles(query))
    for session_id in titled.values_list("pk", flat=True):
        places[session_id].in_title = True
    for session_id, message_id, position in _messages(places, query):
        places[session_id].messages.append(Place(message_id=message_id, position=position))
    return places


def _messages(session_ids: Iterable[uuid.UUID], query: str) -> Iterable[tuple[uuid.UUID, str, int]]:
    found = IndexedMessage.objects.filter(Matches(F("words"), query), session__in=list(session_ids))
    numbered = found.annotate(
        number=Window(RowNumber(), partition_by=F("session"), order_by=F("position").asc())
    )
    first = numbered.filter(number__lte=PLACES_PER_SESSION).order_by("session", "position")
    return first.values_list("session_id", "message_id", "position")
