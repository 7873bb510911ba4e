"""What users do with their documents; files come before their rows, and go after them."""

import uuid
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

import structlog
from django.conf import settings
from django.core.files import File
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Sum
from django.db.models.functions import Now

from controlplane.accounts.models import CustomUser
from controlplane.audit.comparison import REMOVED, differences, state_of
from controlplane.audit.models import Action
from controlplane.audit.record import entry_add
from controlplane.chat.models import ChatSession
from controlplane.documents.deletion import document_erase
from controlplane.documents.models import MEGABYTE, UserDocument
from controlplane.documents.storage import claimed_type, private_storage, shown_name, storage_name
from controlplane.documents.sweeping import request_processing
from controlplane.errors import Conflict, Invalid, NotFound, Unavailable

RECORDED: Final = ("is_active", "category", "tags", "chat_session")

logger = structlog.get_logger(__name__)


def document_upload(
    *,
    owner_id: uuid.UUID,
    file: "UploadedFile[bytes]",
    session_id: uuid.UUID | None = None,
    category: str = "",
    tags: Sequence[str] = (),
) -> UserDocument:
    """Keep a file and make its row, both or neither. Owns its transaction.

    Raises Invalid for a file that is too large and for a session that the user does not have, and Conflict
    `storage_full`. Of uploads at the same time only so many are kept as there is room for.
    """
    size = _checked_size(file)
    document = UserDocument(
        user_id=owner_id,
        chat_session_id=session_id,
        file_name=shown_name(file.name or ""),
        file_size=size,
        file_type=claimed_type(file.content_type),
        category=category,
        tags=list(tags),
    )
    storage = private_storage()
    document.file.name = storage.save(storage_name(document, ""), file)
    try:
        with transaction.atomic():
            _require_session(session_id, owner_id)
            _take_room(owner_id, size)
            document.full_clean(exclude=["user", "chat_session"], validate_unique=False)
            document.save(force_insert=True)
            transaction.on_commit(partial(request_processing, document.pk))
    except BaseException:
        storage.delete(document.file.name)
        raise
    document.refresh_from_db()
    return document


def document_change(
    *,
    document_id: uuid.UUID,
    owner_id: uuid.UUID,
    changes: Mapping[str, Any],
    actor_id: uuid.UUID | None = None,
) -> UserDocument:
    """Change what a user says of a document: `is_active`, `category`, `tags`, `chat_session_id`.

    One transaction; of what `actor_id`, another than the owner, does there is a record. Raises NotFound,
    Invalid for an unknown session.
    """
    with transaction.atomic():
        document = _lock(document_id, owner_id)
        if "chat_session_id" in changes:
            _require_session(changes["chat_session_id"], owner_id)
        before = state_of(document, RECORDED)
        for name, value in changes.items():
            setattr(document, name, value)
        document.save(update_fields=[*changes, "updated_at"])
        if actor_id not in (None, owner_id):
            said = differences(before, state_of(document, RECORDED), concealed=("category", "tags"))
            _note(Action.DOCUMENT_CHANGE, document, actor_id, said)
    return document


def document_process_again(*, document_id: uuid.UUID, owner_id: uuid.UUID) -> UserDocument:
    """Let a document that failed wait for its processing once more. Raises NotFound and Conflict."""
    with transaction.atomic():
        document = _lock(document_id, owner_id)
        if document.processing_status != UserDocument.ProcessingStatus.FAILED:
            raise Conflict("Only a document that failed is processed again.", code="document_not_failed")
        UserDocument.objects.filter(pk=document.pk).update(
            processing_status=UserDocument.ProcessingStatus.PENDING,
            processing_attempt=0,
            processing_until=None,
            error_message="",
            processed_at=None,
            updated_at=Now(),
        )
        transaction.on_commit(partial(request_processing, document.pk))
    document.refresh_from_db()
    return document


def document_delete(
    *, document_id: uuid.UUID, owner_id: uuid.UUID, actor_id: uuid.UUID | None = None
) -> None:
    """Hide a document in one transaction, and erase it once that is committed. Raises NotFound.

    `actor_id` names who does it, None being the system. What cannot be erased at once, or is not because this
    process dies, is left to the sweep.
    """
    with transaction.atomic():
        document = _lock(document_id, owner_id)
        _note(Action.DOCUMENT_DELETE, document, actor_id, REMOVED)
        UserDocument.objects.filter(pk=document.pk).update(deleted_at=Now())
        transaction.on_commit(partial(_erase_now, document.pk))


def document_open(document: UserDocument) -> "File[bytes]":
    """Open a document's file for reading; the caller closes it. Raises NotFound when the disk has lost it."""
    try:
        return private_storage().open(str(document.file.name), "rb")
    except FileNotFoundError as error:
        logger.error("document_file_missing", document_id=str(document.pk))  # noqa: TRY400  # no news in the trace
        raise NotFound("The document's file is not there any more.", code="file_missing") from error


def _note(
    action: Action, document: UserDocument, actor_id: uuid.UUID | None, changes: Mapping[str, Any]
) -> None:
    if changes:
        concerns_id = document.user_id
        entry_add(action, subject=document, actor_id=actor_id, concerns_id=concerns_id, changes=changes)


def _checked_size(file: "UploadedFile[bytes]") -> int:
    largest = settings.MAX_DOCUMENT_SIZE_MB
    size = file.size or 0
    if not 0 < size <= largest * MEGABYTE:
        raise Invalid(
            "The file cannot be taken.",
            code="file_size_not_allowed",
            fields={"file": [f"From 1 byte to {largest} MB."]},
        )
    return size


def _require_session(session_id: uuid.UUID | None, owner_id: uuid.UUID) -> None:
    # The lock keeps it from being deleted before the document is there.
    mine = ChatSession.objects.owned_by(owner_id).existing().select_for_update(no_key=True)
    if session_id is not None and not mine.filter(pk=session_id).exists():
        raise Invalid("There is no such session.", fields={"session": ["You have no such session."]})


def _take_room(owner_id: uuid.UUID, size: int) -> None:
    """Let one upload of a user at a time look how much is kept; the lock holds until its row is there."""
    CustomUser.objects.select_for_update(no_key=True).filter(pk=owner_id).first()
    used = UserDocument.objects.owned_by(owner_id).aggregate(size=Sum("file_size"))["size"] or 0
    limit = settings.MAX_STORAGE_MB_PER_USER * MEGABYTE
    if used + size > limit:
        raise Conflict(
            "There is not enough room for this file. Delete others first.",
            code="storage_full",
            details={"limit_bytes": limit, "used_bytes": used, "wanted_bytes": size},
        )


def _lock(document_id: uuid.UUID, owner_id: uuid.UUID) -> UserDocument:
    found = UserDocument.objects.owned_by(owner_id).select_for_update().filter(pk=document_id).first()
    if found is None:
        raise NotFound("There is no such document.")
    return found


def _erase_now(document_id: uuid.UUID) -> None:
    try:
        document_erase(document_id=document_id)
    except (OSError, Unavailable) as error:
        # Gone for its user already; that a disk or a database is away is not their trouble.
        logger.warning("document_erasure_put_off", document_id=str(document_id), error=repr(error))
