"""The jobs of sessions: indexing one, the sweeps that find what was missed, and who is told to erase."""

import uuid

import structlog
from asgiref.sync import async_to_sync
from celery import current_app, shared_task
from kombu.exceptions import OperationalError as QueueUnreachable
from redis.exceptions import RedisError

from controlplane.chat.message_index import session_index, sweep_message_index
from controlplane.chat.provisional import sweep_provisional_sessions
from controlplane.chat.titles import session_title, sweep_titles
from sdk_bridge import Retryable

logger = structlog.get_logger(__name__)

# By its name: what a session takes with it, its documents for one, is known above this app.
ERASE = "erasure.erase_session"


def request_erasure(thread_id: uuid.UUID) -> None:
    """Hand a tombstoned thread to the workers; a queue that is down loses nothing, the sweep comes by."""
    try:
        current_app.send_task(ERASE, args=[str(thread_id)])
    except (QueueUnreachable, RedisError) as error:
        logger.warning("erasure_not_queued", thread_id=str(thread_id), error=repr(error))


@shared_task(name="chat.sweep_provisional")
def sweep_provisional() -> int:
    """Confirm or withdraw provisional sessions; a sweep that fails is made up for by the next one."""
    return async_to_sync(sweep_provisional_sessions)()


@shared_task(name="chat.index_session")
def index_session(session_id: str) -> None:
    """Follow one session's messages in the index; what may succeed later is left to the sweep."""
    try:
        async_to_sync(session_index)(session_id=uuid.UUID(session_id))
    except Retryable as error:
        logger.warning("indexing_put_off", session_id=session_id, code=error.code)


@shared_task(name="chat.title_session")
def title_session(session_id: str) -> None:
    """Have one session's title worded, if it is due; what fails for now is left to the sweep."""
    async_to_sync(session_title)(session_id=uuid.UUID(session_id))


@shared_task(name="chat.sweep_titles")
def sweep_due_titles() -> int:
    """Have the titles worded that were missed; the next sweep makes up for this one."""
    return async_to_sync(sweep_titles)()


@shared_task(name="chat.sweep_message_index")
def sweep_index() -> int:
    """Index what was missed, or empty the index when it is switched off; the next sweep makes up for this."""
    return async_to_sync(sweep_message_index)()
