"""Browser sessions in the database: found by a digest, and sealed, so that no dump lets anybody in."""

import json
from collections.abc import Collection, Iterable
from hashlib import sha256
from typing import Any, Final

from django.contrib.sessions.backends import db
from django.contrib.sessions.base_session import AbstractBaseSession
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.utils import timezone

from controlplane.vault.box import Unreadable, seal, unseal

# The length of the column.
DIGEST_LENGTH = 40
SESSIONS_PER_PAGE: Final = 500


class SessionStore(db.SessionStore):
    """Takes letters and digits: a quoted cookie can hold a NUL, which would be an error of the database's.

    What is in a session is secret as well: codes that were sent by mail wait there.
    """

    def exists(self, session_key: str) -> bool:
        """Tell whether there is such a session."""
        return bool(self._validate_session_key(session_key)) and super().exists(_digest(session_key))

    async def aexists(self, session_key: str) -> bool:
        """Tell whether there is such a session."""
        return bool(self._validate_session_key(session_key)) and await super().aexists(_digest(session_key))

    def create_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        """Make the row of a session."""
        row = super().create_model_instance(data)
        row.session_key = _digest(row.session_key)
        return row

    async def acreate_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        """Make the row of a session."""
        row = await super().acreate_model_instance(data)
        row.session_key = _digest(row.session_key)
        return row

    def delete(self, session_key: str | None = None) -> None:
        """Forget a session, this one unless another is named."""
        key = session_key or self.session_key
        if key is not None:
            Session.objects.filter(pk=_digest(key)).delete()

    async def adelete(self, session_key: str | None = None) -> None:
        """Forget a session, this one unless another is named."""
        key = session_key or self.session_key
        if key is not None:
            await Session.objects.filter(pk=_digest(key)).adelete()

    def encode(self, session_dict: dict[str, Any]) -> str:
        """Seal what is in a session."""
        return seal(super().encode(session_dict)).token

    def decode(self, session_data: bytes | str) -> dict[str, Any]:
        """Open it; one that no key opens any more is over."""
        try:
            opened: dict[str, Any] = super().decode(unseal(str(session_data)))
        except Unreadable:
            return {}
        return opened

    def _get_session_from_db(self) -> Session | None:
        row = _living(self.session_key).first()
        if row is None:
            self._session_key = None
        return row

    async def _aget_session_from_db(self) -> Session | None:
        row = await _living(self.session_key).afirst()
        if row is None:
            self._session_key = None
        return row

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


def _living(key: str | None) -> QuerySet[Session]:
    return Session.objects.filter(pk=_digest(key or ""), expire_date__gt=timezone.now())


def _digest(key: str) -> str:
    return sha256(key.encode()).hexdigest()[:DIGEST_LENGTH]
