"""Browser sessions in the database, asked for by keys alone that could be there."""

import json
from collections.abc import Collection, Iterable
from typing import Any, Final

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session

SESSIONS_PER_PAGE: Final = 500


class SessionStore(db.SessionStore):
    """Takes letters and digits: a quoted cookie can hold a NUL, which would be an error of the database's."""

    def exists(self, session_key: str) -> bool:
        """Tell whether there is such a session."""
        return bool(self._validate_session_key(session_key)) and super().exists(session_key)

    def _validate_session_key(self, key: str | None) -> bool:
        return bool(super()._validate_session_key(key)) and str(key).isascii() and str(key).isalnum()  # type: ignore[misc]  # unknown to the stubs


def browser_sessions_forget(*, marks: Collection[str]) -> int:
    """Delete every session that names one of these words, an id or an address; returns how many.

    Sessions say only inside their sealed text whose they are, also of those who are not signed in yet but
    wait for a code. The whole table is read once, a page at a time.
    """
    wanted = [mark.lower() for mark in marks if mark]
    store, after, deleted = SessionStore(), "", 0
    while page := list(Session.objects.filter(pk__gt=after).order_by("pk")[:SESSIONS_PER_PAGE]):
        after = page[-1].pk
        named = [row.pk for row in page if _names(store.decode(row.session_data), wanted)]
        deleted += Session.objects.filter(pk__in=named).delete()[0]
    return deleted


def _names(said: dict[str, Any], wanted: Iterable[str]) -> bool:
    text = json.dumps(said, default=str).lower()
    return any(mark in text for mark in wanted)
