"""Erases deleted documents: vectors, then file, then row, so that a stop in between forgets nothing."""

import time
import uuid
from collections import Counter
from datetime import timedelta

import structlog
from django.contrib.admin.models import LogEntry
from django.db import transaction
from django.db.models.functions import Now

from controlplane.documents import vectors
from controlplane.documents.models import UserDocument, UserDocumentQuerySet
from controlplane.documents.storage import private_storage
from controlplane.errors import Unavailable

logger = structlog.get_logger(__name__)

# Younger ones are just being erased by whoever deleted them.
SWEEP_AFTER = timedelta(seconds=30)
DOCUMENTS_PER_SWEEP = 200
SECONDS_PER_SWEEP = 30.0


def document_erase(*, document_id: uuid.UUID) -> Counter[str]:
    """Erase a document that was deleted; returns how many `vectors`, `files` and `documents` went.

    Repeats do no harm. Raises OSError and Unavailable with the row still there, so that the sweep comes back.
    """
    gone: Counter[str] = Counter()
    document = UserDocument.objects.deleted().filter(pk=document_id).first()
    if document is None:
        return gone
    gone["vectors"] = vectors.erase_of_document(document.pk, ids=_ids_of(document))
    vectors.forget_empty_collection(document.vector_collection_name)
    storage, name = private_storage(), str(document.file.name)
    gone["files"] = int(storage.exists(name))
    storage.delete(name)
    with transaction.atomic():
        LogEntry.objects.filter(object_id=str(document.pk)).delete()
        # Not the total: batches that were under way go with their document.
        _, of_model = UserDocument.objects.filter(pk=document.pk).delete()
        gone["documents"] = of_model.get(UserDocument._meta.label, 0)
    return gone


def documents_erase(documents: UserDocumentQuerySet) -> Counter[str]:
    """Delete and erase documents, whosever they are; returns what went. Raises as above."""
    documents.filter(deleted_at__isnull=True).update(deleted_at=Now())
    gone: Counter[str] = Counter()
    for document_id in documents.deleted().order_by("pk").values_list("pk", flat=True).iterator(500):
        gone += document_erase(document_id=document_id)
    return gone


def sweep_deleted_documents() -> int:
    """Erase what is overdue, as far as the time allows; one that cannot be erased does not hold up others."""
    deadline = time.monotonic() + SECONDS_PER_SWEEP
    overdue = UserDocument.objects.deleted().filter(deleted_at__lt=Now() - SWEEP_AFTER).order_by("?")
    erased = 0
    for document_id in overdue.values_list("pk", flat=True)[:DOCUMENTS_PER_SWEEP]:
        if time.monotonic() > deadline:
            break
        try:
            erased += document_erase(document_id=document_id)["documents"]
        except (OSError, Unavailable) as error:
            logger.warning("document_not_erased", document_id=str(document_id), error=repr(error))
    return erased


def _ids_of(document: UserDocument) -> list[str]:
    return [str(one) for one in document.vector_store_ids if isinstance(one, str)]
