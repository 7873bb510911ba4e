"""The jobs of sessions: erasing and indexing one, and the sweeps that find what was missed."""

import uuid

import structlog
from asgiref.sync import async_to_sync
from celery import shared_task
from kombu.exceptions import OperationalError as QueueUnreachable
from redis.exceptions import RedisError

from controlplane.chat.deletion import thread_erase, unerased_threads
from controlplane.chat.message_index import session_index, sweep_message_index
from controlplane.chat.provisional import sweep_provisional_sessions
from sdk_bridge import Retryable

logger = structlog.get_logger(__name__)


def request_erasure(thread_id: uuid.UUID) -> None:
    """Hand a tombstoned thread to the workers; a queue that is down loses nothing, the sweep comes by."""
    try:
        erase_thread.delay(str(thread_id))
    except (QueueUnreachable, RedisError) as error:
        logger.warning("erasure_not_queued", thread_id=str(thread_id), error=repr(error))


@shared_task(name="chat.erase_thread")
def erase_thread(thread_id: str) -> None:
    """Erase one thread; what may succeed later is left to the sweep."""
    try:
        async_to_sync(thread_erase)(thread_id=uuid.UUID(thread_id))
    except Retryable as error:
        logger.warning("erasure_put_off", thread_id=thread_id, code=error.code)


@shared_task(name="chat.sweep_deletions")
def sweep_deletions() -> None:
    """Hand out again every deletion that is overdue."""
    for thread_id in unerased_threads():
        request_erasure(thread_id)


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


@shared_task(name="chat.sweep_message_index")
def sweep_index() -> int:
    """Index what was missed, or empty the index when it is switched off; the next sweep makes up for this."""
    return async_to_sync(sweep_message_index)()
