"""Closes what nobody answered in time, and drops what belongs to no user when it is old."""

from datetime import timedelta
from typing import Final

from django.utils import timezone

from controlplane.approvals.models import Status, ToolApproval

ROWS_PER_BATCH: Final = 500
MOST_BATCHES: Final = 20
# Approvals of sessions go with these; those of developers in Studio have none.
KEPT_WITHOUT_USER: Final = timedelta(days=30)


def approvals_expire() -> int:
    """Mark as expired what is over, in small batches of their own; returns how many."""
    late = ToolApproval.objects.pending().filter(expires_at__lte=timezone.now())
    closed = 0
    for _ in range(MOST_BATCHES):
        batch = list(late.order_by("expires_at").values_list("pk", flat=True)[:ROWS_PER_BATCH])
        closed += late.filter(pk__in=batch).update(status=Status.EXPIRED)
        if len(batch) < ROWS_PER_BATCH:
            break
    return closed


def approvals_forget() -> int:
    """Delete what was asked in Studio and is old, a batch of it; returns how many."""
    ended_before = timezone.now() - KEPT_WITHOUT_USER
    old = ToolApproval.objects.owned_by(None).filter(session=None, expires_at__lt=ended_before)
    batch = list(old.order_by("expires_at").values_list("pk", flat=True)[:ROWS_PER_BATCH])
    return ToolApproval.objects.filter(pk__in=batch).delete()[0]
