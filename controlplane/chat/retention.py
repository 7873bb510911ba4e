"""Which sessions are kept for how long: archived for want of use, then deleted; off unless set."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.utils import timezone

from controlplane.chat.models import ChatSession, ChatSessionQuerySet
from controlplane.runs.models import Run


@dataclass(frozen=True, kw_only=True)
class Retention:
    """Days without use until a session is archived, and days from then until it is deleted; None: never."""

    archive_days: int | None
    delete_days: int | None

    @classmethod
    def in_force(cls) -> Self:
        """Read the settings."""
        return cls(archive_days=settings.RETENTION_ARCHIVE_DAYS, delete_days=settings.RETENTION_DELETE_DAYS)

    def to_archive(self) -> ChatSessionQuerySet:
        """Find the sessions to be archived now."""
        if self.archive_days is None:
            return ChatSession.objects.none()
        unused = ChatSession.objects.unused_since(timezone.now() - timedelta(days=self.archive_days))
        # A run is use, and changes its session only once something of it is booked.
        return unused.exclude(Exists(Run.objects.unsettled().filter(session=OuterRef("pk"))))

    def to_delete(self) -> ChatSessionQuerySet:
        """Find the sessions to be deleted now: only such as were archived for want of use."""
        if self.delete_days is None:
            return ChatSession.objects.none()
        return ChatSession.objects.retired_before(timezone.now() - timedelta(days=self.delete_days))

    def deletes_at(self, session: ChatSession) -> datetime | None:
        """Say when a session will be deleted if nothing happens; None: it will not be."""
        if self.delete_days is None or session.retired_at is None:
            return None
        if session.is_pinned or not session.is_archived:
            return None
        return session.retired_at + timedelta(days=self.delete_days)
