"""The version of a session's row, by which a copy of it is known to be old."""

from django.db.models import Func, TextField


class SessionRowVersion(Func):
    """Postgres's own: which transaction wrote the row, and where; every change gives another one."""

    template = '("chat_chatsession".xmin::text || "chat_chatsession".ctid::text)'
    output_field = TextField()
