"""Puts deletions back in force after a backup was restored that does not know of them."""

import uuid
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from controlplane.accounts.models import CustomUser
from controlplane.chat.models import ChatSession, DeletedThread, IndexedMessage
from controlplane.erasure.account.belongings import NOWHERE
from controlplane.erasure.journal import Entry
from controlplane.erasure.models import DeletionReceipt
from controlplane.erasure.receipts import receipt_open


def deletion_replay(entry: Entry) -> None:
    """Begin a deletion again from its start, whatever came back of it; one transaction, repeats harmless.

    The caller has it carried out.
    """
    with transaction.atomic():
        if entry.kind == DeletionReceipt.Kind.ACCOUNT:
            _replay_account(entry.subject_id, entry.at)
        else:
            _replay_session(entry.subject_id, entry.at)


def _replay_session(thread_id: uuid.UUID, at: datetime) -> None:
    session = ChatSession.objects.select_for_update().filter(pk=thread_id).first()
    owner_id = session.user_id if session else None
    stone, _ = DeletedThread.objects.get_or_create(
        thread_id=thread_id, defaults={"user_id": owner_id, "deleted_at": at}
    )
    DeletedThread.objects.filter(pk=thread_id).update(
        erased_at=None, checked_at=None, user_id=stone.user_id or owner_id
    )
    if session is not None:
        ChatSession.objects.filter(pk=thread_id).update(deleted_at=Now())
        IndexedMessage.objects.filter(session=thread_id).delete()
    _open_again(DeletionReceipt.Kind.SESSION, thread_id, at, user_id=stone.user_id or owner_id)


def _replay_account(user_id: uuid.UUID, at: datetime) -> None:
    user = CustomUser.objects.select_for_update(no_key=True).filter(pk=user_id).first()
    if user is None:
        # Made after the backup: what is at the Agent Server of it goes by this row.
        CustomUser.objects.create_user(f"{user_id}@{NOWHERE}", pk=user_id, is_active=False, deleted_at=at)
    else:
        CustomUser.objects.filter(pk=user_id).update(
            is_active=False, token_version=F("token_version") + 1, deleted_at=at
        )
    _open_again(DeletionReceipt.Kind.ACCOUNT, user_id, at, user_id=user_id)


def _open_again(
    kind: DeletionReceipt.Kind, subject_id: uuid.UUID, at: datetime, *, user_id: uuid.UUID | None
) -> None:
    receipt = receipt_open(kind, subject_id=subject_id, user_id=user_id, requested_at=at)
    # Its line is there: that is where it was read.
    DeletionReceipt.objects.filter(pk=receipt.pk).update(erased_at=None, checked_at=None, journalled_at=Now())
