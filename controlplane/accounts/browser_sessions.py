"""Browser sessions in the database, asked for by keys alone that could be there."""

from django.contrib.sessions.backends import db


class SessionStore(db.SessionStore):
    """Takes letters and digits: a quoted cookie can hold a NUL, which would be an error of the database's."""

    def exists(self, session_key: str) -> bool:
        """Tell whether there is such a session."""
        return bool(self._validate_session_key(session_key)) and super().exists(session_key)

    def _validate_session_key(self, key: str | None) -> bool:
        return bool(super()._validate_session_key(key)) and str(key).isascii() and str(key).isalnum()  # type: ignore[misc]  # unknown to the stubs
