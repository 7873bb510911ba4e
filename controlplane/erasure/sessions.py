"""Deletes a conversation with all that belongs to it: end it, erase it, and look again later.

How far it is stands on its tombstone: put up (`deleted_at`), erased (`erased_at`), looked through once more
(`checked_at`). Every step may be repeated and may be killed; the sweep takes up what was left.
"""

import uuid
from collections import Counter
from datetime import timedelta

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from controlplane.chat.deletion import session_forget, thread_erase
from controlplane.chat.models import DeletedThread
from controlplane.documents.deletion import documents_erase
from controlplane.documents.models import UserDocument
from controlplane.erasure.models import DeletionReceipt
from controlplane.erasure.receipts import receipt_count, receipt_journal, receipt_note_look, receipt_open
from controlplane.runs.models import Run
from controlplane.upkeep.findings import findings_forget

# Younger tombstones still have their own job under way.
SWEEP_AFTER = timedelta(seconds=30)
THREADS_PER_SWEEP = 200
# What the last look must not have found any more.
STILL_MOVING = ("cancelled_runs", "messages")


def unfinished_threads() -> list[uuid.UUID]:
    """Name the threads whose deletion is overdue, oldest first."""
    begun = DeletedThread.objects.filter(checked_at=None)
    looked_at_before = timezone.now() - settings.DELETION_SECOND_LOOK - SWEEP_AFTER
    overdue = begun.filter(
        Q(erased_at=None, deleted_at__lt=Now() - SWEEP_AFTER) | Q(erased_at__lt=looked_at_before)
    )
    return list(overdue.order_by("deleted_at").values_list("thread_id", flat=True)[:THREADS_PER_SWEEP])


async def session_erase(*, thread_id: uuid.UUID) -> bool:
    """Take a deletion one look further; returns whether another look is to follow.

    Raises BridgeError, OSError and Unavailable with the tombstone still open.
    """
    stone = await DeletedThread.objects.filter(pk=thread_id, checked_at=None).afirst()
    if stone is None or _is_too_early(stone):
        return False
    is_second = stone.erased_at is not None
    receipt = await sync_to_async(_receipt_of)(stone, is_second=is_second)
    found = await _erase(stone)
    await sync_to_async(receipt_count)(receipt, found)
    is_last = is_second and await _is_quiet(thread_id, found)
    await sync_to_async(_note_look)(stone, receipt, is_last=is_last)
    return not is_last


async def _erase(stone: DeletedThread) -> Counter[str]:
    found = await thread_erase(thread_id=stone.thread_id)
    # Before the session: without it they would be documents for all sessions.
    found += await sync_to_async(_erase_documents)(stone.thread_id)
    found += await sync_to_async(session_forget)(thread_id=stone.thread_id)
    found["findings"] += await sync_to_async(findings_forget)(thread_id=stone.thread_id)
    return found


def _erase_documents(thread_id: uuid.UUID) -> Counter[str]:
    return documents_erase(UserDocument.objects.filter(chat_session_id=thread_id))


def _receipt_of(stone: DeletedThread, *, is_second: bool) -> DeletionReceipt:
    receipt = receipt_open(
        DeletionReceipt.Kind.SESSION,
        subject_id=stone.thread_id,
        user_id=stone.user_id,
        requested_at=stone.deleted_at,
    )
    receipt_journal(receipt, must=is_second)
    return receipt


def _note_look(stone: DeletedThread, receipt: DeletionReceipt, *, is_last: bool) -> None:
    noted = DeletedThread.objects.filter(pk=stone.pk)
    noted.update(checked_at=Now()) if is_last else noted.update(erased_at=Now())
    receipt_note_look(receipt, is_last=is_last)


async def _is_quiet(thread_id: uuid.UUID, found: Counter[str]) -> bool:
    if any(found[kind] for kind in STILL_MOVING):
        return False
    return not await Run.objects.filter(thread_id=thread_id).unsettled().aexists()


def _is_too_early(stone: DeletedThread) -> bool:
    looked_at = stone.erased_at
    return looked_at is not None and timezone.now() < looked_at + settings.DELETION_SECOND_LOOK
