"""Threads without sessions, and sessions without threads."""

import uuid
from collections.abc import AsyncIterator
from datetime import datetime
from typing import ClassVar, Final

from asgiref.sync import sync_to_async

from controlplane.accounts.models import CustomUser
from controlplane.chat.models import ChatSession, DeletedThread
from controlplane.upkeep.adoption import is_developers, owner_of, thread_adopt, thread_restore
from controlplane.upkeep.orphans.search import PAGE, Orphan
from sdk_bridge import Bridge, Thread, ThreadNotFound

ADOPT: Final = "make a session for it"
DELETE: Final = "delete it"
NOTHING: Final = "none: its user is switched off, or another has used it"


class ThreadsWithoutSession:
    """Threads that no session shows: adopted for the user they name, deleted where there is none."""

    kind: ClassVar = "thread_without_session"

    async def find(self, bridge: Bridge, *, older_than: datetime) -> AsyncIterator[Orphan]:
        """List threads and leave out those that have a session, or are being deleted, or are Studio's."""
        offset = 0
        while page := await bridge.list_threads(limit=PAGE, offset=offset):
            known = await sync_to_async(_with_session)([thread.id for thread in page])
            for thread in page:
                if thread.id in known or thread.created_at >= older_than or is_developers(thread):
                    continue
                remedy = await sync_to_async(_remedy)(thread)
                yield Orphan(kind=self.kind, subject_id=str(thread.id), remedy=remedy)
            offset += len(page)

    async def repair(self, bridge: Bridge, orphan: Orphan) -> bool:
        """Adopt it or delete it, with all its checkpoints."""
        try:
            thread = await bridge.get_thread(uuid.UUID(orphan.subject_id))
        except ThreadNotFound:
            return False
        if await sync_to_async(_with_session)([thread.id]):
            return False
        remedy = await sync_to_async(_remedy)(thread)
        if remedy == ADOPT:
            return await sync_to_async(thread_adopt)(thread) is not None
        if remedy == DELETE:
            await bridge.delete_thread(thread.id)
        return remedy == DELETE


class SessionsWithoutThread:
    """Sessions whose thread is lost: the thread is made again, and finds its checkpoints."""

    kind: ClassVar = "session_without_thread"

    async def find(self, bridge: Bridge, *, older_than: datetime) -> AsyncIterator[Orphan]:
        """Walk over sessions and ask for the threads of a page at once."""
        after = uuid.UUID(int=0)
        sessions = ChatSession.objects.existing().seen().filter(created_at__lt=older_than).order_by("pk")
        while page := [session async for session in sessions.filter(pk__gt=after)[:PAGE]]:
            listed = await bridge.list_threads(thread_ids=[session.pk for session in page], limit=PAGE)
            there = {thread.id for thread in listed}
            for session in page:
                if session.pk not in there:
                    yield Orphan(
                        kind=self.kind,
                        subject_id=str(session.pk),
                        remedy="make its thread again",
                        concerns_id=session.user_id,
                    )
            after = page[-1].pk

    async def repair(self, bridge: Bridge, orphan: Orphan) -> bool:
        """Make the thread again, for the same owner."""
        session = await ChatSession.objects.existing().filter(pk=orphan.subject_id).afirst()
        return session is not None and await thread_restore(bridge, session)


def _with_session(thread_ids: list[uuid.UUID]) -> set[uuid.UUID]:
    sessions = ChatSession.objects.filter(pk__in=thread_ids).values_list("pk", flat=True)
    leaving = DeletedThread.objects.filter(pk__in=thread_ids, erased_at__isnull=True)
    return {*sessions, *leaving.values_list("pk", flat=True)}


def _remedy(thread: Thread) -> str:
    if DeletedThread.objects.filter(pk=thread.id).exists():
        return DELETE
    try:
        owner = CustomUser.objects.filter(pk=uuid.UUID(owner_of(thread))).first()
    except ValueError:
        return DELETE
    if owner is None:
        return DELETE
    return ADOPT if owner.is_active else NOTHING
