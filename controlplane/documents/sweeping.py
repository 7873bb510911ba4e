"""Finds documents whose processing was never begun or was broken off, and hands them to the workers."""

import uuid
from datetime import timedelta
from typing import Final

import structlog
from celery import current_app
from django.db.models import F, Q
from django.db.models.functions import Now
from kombu.exceptions import OperationalError as QueueUnreachable
from redis.exceptions import RedisError

from controlplane.documents.claims import overdue
from controlplane.documents.models import UserDocument

PROCESS: Final = "documents.process"
# A younger one is just on its way to a worker.
ON_ITS_WAY: Final = timedelta(seconds=30)
DOCUMENTS_PER_SWEEP: Final = 200

logger = structlog.get_logger(__name__)


def request_processing(document_id: uuid.UUID) -> None:
    """Hand a document to the workers; a queue that is down loses nothing, the sweep comes by."""
    try:
        current_app.send_task(PROCESS, args=[str(document_id)])
    except (QueueUnreachable, RedisError) as error:
        logger.warning("processing_not_queued", document_id=str(document_id), error=repr(error))


def sweep_unprocessed() -> int:
    """Hand out what is overdue, those that wait longest first; one that is handed out twice is done once."""
    waiting = Q(processing_until__isnull=True, updated_at__lt=Now() - ON_ITS_WAY)
    waiting |= Q(processing_until__isnull=False)
    found = list(
        overdue()
        .filter(waiting)
        .order_by(F("processing_until").asc(nulls_first=True), "pk")
        .values_list("pk", flat=True)[:DOCUMENTS_PER_SWEEP]
    )
    # What is handed out is left alone for a while: a backlog is not handed out again by every sweep.
    UserDocument.objects.filter(pk__in=found, processing_until__isnull=True).update(updated_at=Now())
    for document_id in found:
        request_processing(document_id)
    return len(found)
