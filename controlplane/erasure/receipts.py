"""Writes receipts as a deletion goes on; every step may come twice."""

import uuid
from collections import Counter
from datetime import datetime

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from controlplane.erasure import journal
from controlplane.erasure.models import DeletionReceipt

logger = structlog.get_logger(__name__)


def receipt_open(
    kind: DeletionReceipt.Kind, *, subject_id: uuid.UUID, user_id: uuid.UUID | None, requested_at: datetime
) -> DeletionReceipt:
    """Find or make the receipt of a deletion."""
    receipt, _ = DeletionReceipt.objects.get_or_create(
        kind=kind, subject_id=subject_id, defaults={"user_id": user_id, "requested_at": requested_at}
    )
    return receipt


def receipt_journal(receipt: DeletionReceipt, *, must: bool) -> None:
    """Write a deletion where no backup of the databases forgets it, once.

    What somebody wants gone does not wait for our disk, but without its line a deletion does not end: raises
    OSError when it `must` be written now.
    """
    if receipt.journalled_at is not None or settings.DELETION_JOURNAL is None:
        return
    try:
        entry = journal.Entry(kind=receipt.kind, subject_id=receipt.subject_id, at=receipt.requested_at)
        journal.append(settings.DELETION_JOURNAL, entry)
    except OSError as error:
        if must:
            raise
        logger.error("deletion_not_journalled", subject_id=str(receipt.subject_id), error=repr(error))  # noqa: TRY400  # no news in the trace
        return
    DeletionReceipt.objects.filter(pk=receipt.pk).update(journalled_at=Now())


def receipt_count(receipt: DeletionReceipt, found: Counter[str]) -> None:
    """Add to what was erased, in a transaction of its own."""
    if not +found:
        return
    with transaction.atomic():
        locked = DeletionReceipt.objects.select_for_update().get(pk=receipt.pk)
        locked.counts = dict(Counter(locked.counts) + found)
        locked.save(update_fields=["counts"])


def receipt_note_look(receipt: DeletionReceipt, *, is_last: bool) -> None:
    """Note that a look through everything is over; the last one found nothing more."""
    now = timezone.now()
    noted = DeletionReceipt.objects.filter(pk=receipt.pk)
    noted.update(checked_at=now) if is_last else noted.update(erased_at=now)
