"""Who processes a document: one at a time, each for a while, and never for ever."""

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.db.models import F, Q
from django.db.models.functions import Now

from controlplane.documents.models import UserDocument, UserDocumentQuerySet

CLAIMED_FOR: Final = timedelta(minutes=4)
MOST_ATTEMPTS: Final = 5
DIED: Final = "Processing was broken off several times. Upload the file anew, or in another format."

Status = UserDocument.ProcessingStatus


@dataclass(frozen=True, kw_only=True)
class Claim:
    """The right to process a document; a later attempt ends it."""

    document_id: uuid.UUID
    attempt: int

    def note(self, **changes: Any) -> bool:
        """Write progress down and keep the claim for longer; False when it was lost meanwhile."""
        mine = self.rows().update(**changes, processing_until=Now() + CLAIMED_FOR, updated_at=Now())
        return bool(mine)

    def put_off(self, seconds: float) -> None:
        """Leave it for another attempt, some time from now."""
        self.rows().update(
            processing_status=Status.PENDING,
            processing_stage="",
            processing_until=Now() + timedelta(seconds=seconds),
        )

    def rows(self) -> UserDocumentQuerySet:
        """Give the document as long as the claim holds and nobody has deleted it."""
        return UserDocument.objects.filter(
            pk=self.document_id,
            processing_status=Status.PROCESSING,
            processing_attempt=self.attempt,
            deleted_at__isnull=True,
        )


def document_claim(*, document_id: uuid.UUID) -> Claim | None:
    """Take a document that waits, or whose last processor was not heard of; None when there is no such.

    One conditional statement; the last attempt that was broken off makes it failed.
    """
    takeable = overdue().filter(pk=document_id)
    given_up = takeable.filter(processing_attempt__gte=MOST_ATTEMPTS)
    given_up.update(
        processing_status=Status.FAILED, processing_stage="", error_message=DIED, processed_at=Now()
    )
    taken = takeable.filter(processing_attempt__lt=MOST_ATTEMPTS).update(
        processing_status=Status.PROCESSING,
        processing_stage=UserDocument.Stage.READING,
        processing_attempt=F("processing_attempt") + 1,
        processing_until=Now() + CLAIMED_FOR,
        error_message="",
        page_count=0,
        embedded_count=0,
    )
    if not taken:
        return None
    attempt = UserDocument.objects.values_list("processing_attempt", flat=True).get(pk=document_id)
    return Claim(document_id=document_id, attempt=attempt)


def overdue() -> UserDocumentQuerySet:
    """Give the documents that nobody processes and somebody should."""
    is_free = Q(processing_until__isnull=True) | Q(processing_until__lt=Now())
    unfinished = UserDocument.objects.filter(processing_status__in=(Status.PENDING, Status.PROCESSING))
    return unfinished.filter(is_free, deleted_at__isnull=True)
