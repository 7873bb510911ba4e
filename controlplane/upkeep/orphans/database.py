"""Rows that outlived what they belong to, where no foreign key of the database takes them along."""

import uuid
from collections.abc import AsyncIterator
from datetime import datetime
from typing import ClassVar

from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from controlplane.chat.models import ChatSession, IndexedMessage
from controlplane.upkeep.orphans.search import PAGE, Orphan
from sdk_bridge import Bridge


class IndexOfDeletedSessions:
    """Words of sessions that are being deleted: the deletion drops them first, an index job may be late."""

    kind: ClassVar = "index_of_deleted_session"

    async def find(self, bridge: Bridge, *, older_than: datetime) -> AsyncIterator[Orphan]:  # noqa: ARG002  # of all searches
        """Look at the sessions that are being deleted; there are never many."""
        deleting = ChatSession.objects.filter(deleted_at__lt=older_than, indexed_messages__isnull=False)
        rows = deleting.order_by("pk").values_list("pk", "user_id").distinct()
        page = [row async for row in rows[:PAGE]]
        while page:
            for session_id, owner_id in page:
                yield Orphan(
                    kind=self.kind,
                    subject_id=str(session_id),
                    remedy="forget its words",
                    concerns_id=owner_id,
                )
            page = [row async for row in rows.filter(pk__gt=page[-1][0])[:PAGE]]

    async def repair(self, bridge: Bridge, orphan: Orphan) -> bool:  # noqa: ARG002  # of all searches
        """Forget the words."""
        words = IndexedMessage.objects.filter(
            session_id=uuid.UUID(orphan.subject_id), session__deleted_at__isnull=False
        )
        deleted, _ = await words.adelete()
        return deleted > 0


class TokensWithoutUser:
    """Refresh tokens of accounts that are gone: the library keeps them, and they name their user."""

    kind: ClassVar = "token_without_user"

    async def find(self, bridge: Bridge, *, older_than: datetime) -> AsyncIterator[Orphan]:  # noqa: ARG002  # of all searches
        """Walk over the tokens that have lost their user."""
        tokens = OutstandingToken.objects.filter(user=None, created_at__lt=older_than).order_by("pk")
        keys = tokens.values_list("pk", flat=True)
        page = [key async for key in keys[:PAGE]]
        while page:
            for key in page:
                yield Orphan(kind=self.kind, subject_id=str(key), remedy="delete it")
            page = [key async for key in keys.filter(pk__gt=page[-1])[:PAGE]]

    async def repair(self, bridge: Bridge, orphan: Orphan) -> bool:  # noqa: ARG002  # of all searches
        """Delete it; without a user it lets nobody in."""
        deleted, _ = await OutstandingToken.objects.filter(pk=orphan.subject_id, user=None).adelete()
        return deleted > 0
