"""A conversation for the eyes of the back office: recorded first, read afterwards."""

import uuid

from asgiref.sync import async_to_sync

from controlplane.audit.models import Action
from controlplane.audit.record import entry_add
from controlplane.chat.history import read_history_as_service
from controlplane.chat.models import ChatSession
from controlplane.errors import NotFound
from sdk_bridge import History

MESSAGES_PER_PAGE = 50


def transcript_read(*, session_id: uuid.UUID, reader_id: uuid.UUID, before: int | None = None) -> History:
    """Read a page of anybody's conversation, newest page first, once it is recorded who reads it.

    The entry is committed before the Agent Server is asked: where none can be written, nothing is read.
    Raises NotFound for a session that is deleted or not there, BridgeError.
    """
    session = ChatSession.objects.existing().filter(pk=session_id).first()
    if session is None:
        raise NotFound("There is no such session.")
    entry_add(
        Action.TRANSCRIPT_READ,
        subject=session,
        actor_id=reader_id,
        concerns_id=session.user_id,
        changes={} if before is None else {"before": before},
    )
    return async_to_sync(read_history_as_service)(session=session, limit=MESSAGES_PER_PAGE, before=before)
