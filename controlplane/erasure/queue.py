"""Hands deletions to the workers; a queue that is down loses nothing, the sweep comes by."""

import uuid
from datetime import timedelta

import structlog
from celery import current_app
from kombu.exceptions import OperationalError as QueueUnreachable
from redis.exceptions import RedisError

from controlplane.chat.tasks import ERASE as ERASE_SESSION

logger = structlog.get_logger(__name__)

ERASE_ACCOUNT = "erasure.erase_account"


def request_session_erasure(thread_id: uuid.UUID, *, after: timedelta = timedelta()) -> None:
    """Have one more look taken at a deleted conversation."""
    _request(ERASE_SESSION, thread_id, after)


def request_account_erasure(user_id: uuid.UUID, *, after: timedelta = timedelta()) -> None:
    """Have an account's deletion taken further."""
    _request(ERASE_ACCOUNT, user_id, after)


def _request(task: str, subject_id: uuid.UUID, after: timedelta) -> None:
    try:
        current_app.send_task(task, args=[str(subject_id)], countdown=after.total_seconds() or None)
    except (QueueUnreachable, RedisError) as error:
        logger.warning("erasure_not_queued", task=task, subject_id=str(subject_id), error=repr(error))
