"""Ends what is over: files past their time, exports that nobody could finish, files that belong to none."""

import uuid
from datetime import timedelta
from typing import Final

from django.db.models.functions import Now

from controlplane.takeout.making import GIVEN_UP_AFTER, export_fail
from controlplane.takeout.models import AccountExport
from controlplane.takeout.staging import Staging, kept_ids

EXPORTS_PER_SWEEP: Final = 100
# Younger ones still have their first job under way.
OVERDUE_AFTER: Final = timedelta(seconds=30)
REMEMBERED_FOR: Final = timedelta(days=90)
WITH_FILES: Final = (*AccountExport.LIVE, AccountExport.Status.READY)


def exports_overdue() -> list[uuid.UUID]:
    """Name the exports that no worker is at, the oldest first."""
    waiting = AccountExport.objects.live().unclaimed().filter(created_at__lt=Now() - OVERDUE_AFTER)
    return list(waiting.order_by("created_at").values_list("pk", flat=True)[:EXPORTS_PER_SWEEP])


def exports_end() -> int:
    """Give up, expire and forget what is over; returns how many exports that were. Repeats do no harm."""
    return _give_up() + _expire() + _forget()


def exports_clean_up() -> int:
    """Remove what is on the disk of exports that are over or gone; returns of how many."""
    kept = kept_ids()
    known = AccountExport.objects.filter(pk__in=kept, status__in=WITH_FILES).values_list("pk", flat=True)
    left = sorted(kept - set(known))[:EXPORTS_PER_SWEEP]
    for export_id in left:
        Staging(export_id).discard()
    return len(left)


def _give_up() -> int:
    tired = AccountExport.objects.live().unclaimed().filter(created_at__lt=Now() - GIVEN_UP_AFTER)
    export_ids = list(tired.values_list("pk", flat=True)[:EXPORTS_PER_SWEEP])
    for export_id in export_ids:
        export_fail(export_id=export_id, error_code="export_not_finished")
    return len(export_ids)


def _expire() -> int:
    past = AccountExport.objects.filter(status=AccountExport.Status.READY, expires_at__lte=Now())
    export_ids = list(past.values_list("pk", flat=True)[:EXPORTS_PER_SWEEP])
    # The row first: whoever asks from now on is told so, and a file that stays behind is cleaned up later.
    AccountExport.objects.filter(pk__in=export_ids).update(status=AccountExport.Status.EXPIRED, size_bytes=0)
    for export_id in export_ids:
        Staging(export_id).discard()
    return len(export_ids)


def _forget() -> int:
    over = (AccountExport.Status.EXPIRED, AccountExport.Status.FAILED)
    old = AccountExport.objects.filter(status__in=over, created_at__lt=Now() - REMEMBERED_FOR)
    export_ids = list(old.values_list("pk", flat=True)[:EXPORTS_PER_SWEEP])
    AccountExport.objects.filter(pk__in=export_ids).delete()
    return len(export_ids)
