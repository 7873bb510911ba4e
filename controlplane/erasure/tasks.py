"""The jobs of deletions: one look at a conversation, one visit to an account, and the sweep."""

import uuid
from datetime import timedelta

import structlog
from asgiref.sync import async_to_sync
from celery import shared_task
from django.conf import settings

from controlplane.chat.tasks import ERASE as ERASE_SESSION
from controlplane.erasure.account.job import account_erase, unfinished_accounts
from controlplane.erasure.queue import ERASE_ACCOUNT, request_account_erasure, request_session_erasure
from controlplane.erasure.sessions import session_erase, unfinished_threads
from controlplane.errors import Unavailable
from sdk_bridge import Retryable

logger = structlog.get_logger(__name__)

# A moment later than it is due, so that the job does not come too early by a hair.
MARGIN = timedelta(seconds=0.5)


@shared_task(name=ERASE_SESSION)
def erase_session(thread_id: str) -> None:
    """Take one look at a deleted conversation; what may succeed later is left to the sweep."""
    subject_id = uuid.UUID(thread_id)
    try:
        has_more = async_to_sync(session_erase)(thread_id=subject_id)
    except (Retryable, Unavailable, OSError) as error:
        logger.warning("erasure_put_off", thread_id=thread_id, error=repr(error))
        return
    if has_more:
        request_session_erasure(subject_id, after=settings.DELETION_SECOND_LOOK + MARGIN)


@shared_task(name=ERASE_ACCOUNT)
def erase_account(user_id: str) -> None:
    """Pay one visit to a deleted account, with the same care."""
    subject_id = uuid.UUID(user_id)
    try:
        again_after = async_to_sync(account_erase)(user_id=subject_id)
    except (Retryable, Unavailable, OSError) as error:
        logger.warning("account_erasure_put_off", user_id=user_id, error=repr(error))
        return
    if again_after is not None:
        request_account_erasure(subject_id, after=again_after + MARGIN)


@shared_task(name="erasure.sweep")
def sweep() -> None:
    """Hand out again every deletion that is overdue."""
    for thread_id in unfinished_threads():
        request_session_erasure(thread_id)
    for user_id in unfinished_accounts():
        request_account_erasure(user_id)
