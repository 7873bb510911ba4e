"""Looks at a thread without a session: whose it is, and whether it may be there at all."""

from datetime import datetime

from controlplane.chat.models import DeletedThread
from controlplane.upkeep.adoption import is_developers, owner_of, thread_adopt
from controlplane.upkeep.findings import Difference, Kind, Resolution, finding_note, finding_settle
from sdk_bridge import Thread


def compare_thread(thread: Thread, *, older_than: datetime) -> int:
    """Adopt a thread that a user's client has made, or report it; returns how many differences it made."""
    if is_developers(thread):
        return 0
    tombstone = DeletedThread.objects.filter(pk=thread.id).first()
    if tombstone is not None:
        if tombstone.erased_at is None or tombstone.erased_at >= older_than:
            # Its deletion is under way.
            return 0
        finding_note(Difference(kind=Kind.THREAD_DELETED, thread_id=thread.id, details={}))
        return 1
    unknown = Difference(
        kind=Kind.THREAD_UNKNOWN, thread_id=thread.id, details={"owner": owner_of(thread)[:100]}
    )
    session = thread_adopt(thread)
    if session is None:
        finding_note(unknown)
    else:
        finding_settle(unknown, Resolution.ADOPTED, subject=session, concerns_id=session.user_id)
    return 1
