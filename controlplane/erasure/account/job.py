"""Carries an account's deletion out: conversations, then belongings, then the account's own row.

Each step may be repeated and may be killed. A visit is bounded in time; what is left over is the next one's.
"""

import time
import uuid
from collections import Counter
from datetime import timedelta

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from controlplane.accounts.models import CustomUser
from controlplane.caching.compaction import compact
from controlplane.erasure.account.belongings import belongings_erase
from controlplane.erasure.account.conversations import conversations_erase
from controlplane.erasure.models import DeletionReceipt
from controlplane.erasure.receipts import receipt_count, receipt_journal, receipt_note_look

SECONDS_PER_VISIT = 60.0
AT_ONCE = timedelta(seconds=1)
# Runs that are just being settled, and looks at conversations that are not due yet.
SOON = timedelta(seconds=5)
SWEEP_AFTER = timedelta(seconds=30)
ACCOUNTS_PER_SWEEP = 50


def unfinished_accounts() -> list[uuid.UUID]:
    """Name the accounts whose deletion is overdue, oldest first."""
    looked_at_before = timezone.now() - settings.DELETION_SECOND_LOOK - SWEEP_AFTER
    asked_before = timezone.now() - SWEEP_AFTER
    open_ones = DeletionReceipt.objects.of_accounts().unfinished()
    overdue = open_ones.filter(
        Q(erased_at=None, requested_at__lt=asked_before) | Q(erased_at__lt=looked_at_before)
    )
    return list(overdue.order_by("requested_at").values_list("subject_id", flat=True)[:ACCOUNTS_PER_SWEEP])


async def account_erase(*, user_id: uuid.UUID) -> timedelta | None:
    """Take a deletion further; returns when to come back, None when there is nothing to come back for.

    Raises BridgeError, OSError and Unavailable with the deletion still open.
    """
    deadline = time.monotonic() + SECONDS_PER_VISIT
    receipt = await DeletionReceipt.objects.of_accounts().unfinished().filter(subject_id=user_id).afirst()
    user = await CustomUser.objects.filter(pk=user_id, deleted_at__isnull=False).afirst()
    if receipt is None or user is None or _is_too_early(receipt):
        return None
    is_second = receipt.erased_at is not None
    await sync_to_async(receipt_journal)(receipt, must=is_second)
    visit = await conversations_erase(user_id=user_id, deadline=deadline, to_the_end=is_second)
    await sync_to_async(receipt_count)(receipt, visit.found)
    if not visit.is_complete:
        return SOON if time.monotonic() < deadline else AT_ONCE
    found: Counter[str] = await sync_to_async(belongings_erase)(user, is_first=not is_second)
    await sync_to_async(receipt_count)(receipt, found)
    is_last = is_second and not +visit.found and await sync_to_async(compact)()
    await sync_to_async(receipt_note_look)(receipt, is_last=is_last)
    return None if is_last else settings.DELETION_SECOND_LOOK


def _is_too_early(receipt: DeletionReceipt) -> bool:
    looked_at = receipt.erased_at
    return looked_at is not None and timezone.now() < looked_at + settings.DELETION_SECOND_LOOK
