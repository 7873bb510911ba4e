"""Users' documents: where each file is, how far its processing got, and which vectors were made from it."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Count, Q, Sum
from django.db.models.functions import Coalesce, Now
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from controlplane.accounts.models import CustomUser
from controlplane.documents.storage import private_storage, storage_name
from controlplane.errors import Conflict, Invalid

MEGABYTE = 1_000_000
LONGEST_ERROR = 2_000


class UserDocumentQuerySet(models.QuerySet["UserDocument"]):
    """The words in which documents are asked for."""

    def owned_by(self, user_id: uuid.UUID) -> Self:
        """Keep the documents of one user; another's, and one that is being deleted, is not found."""
        return self.filter(user_id=user_id, deleted_at__isnull=True)

    def deleted(self) -> Self:
        """Keep those that are being deleted: their vectors and files go before their rows."""
        return self.filter(deleted_at__isnull=False)

    def active(self) -> Self:
        """Keep those that searches may use."""
        return self.filter(is_active=True)

    def in_collection(self, name: str) -> Self:
        """Keep those whose vectors are in one collection."""
        return self.filter(vector_collection_name=name)


class UserDocument(models.Model):
    """One uploaded file. Its vectors live in PGVector, in the collection that is named here."""

    class ProcessingStatus(models.TextChoices):
        """How far the way from file to vectors is done."""

        PENDING = "pending", _("pending")
        PROCESSING = "processing", _("processing")
        COMPLETED = "completed", _("completed")
        FAILED = "failed", _("failed")

    class Stage(models.TextChoices):
        """Where within its processing it is; empty before and after."""

        READING = "reading", _("reading the file")
        EMBEDDING = "embedding", _("making vectors")
        WRITING = "writing", _("writing vectors")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # The file has to go with the row, so a user's documents are deleted one by one before the user is.
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="documents")
    chat_session = models.ForeignKey(
        "chat.ChatSession",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="documents",
        help_text=_("Empty: for all sessions of its user."),
    )
    file = models.FileField(storage=private_storage, upload_to=storage_name, max_length=200, editable=False)
    file_name = models.CharField(max_length=200, help_text=_("As its user calls it; the file has another."))
    file_size = models.PositiveBigIntegerField(help_text=_("Bytes."))
    file_type = models.CharField(max_length=100, blank=True, help_text=_("Media type, as the sender said."))
    category = models.CharField(max_length=50, blank=True)
    tags = ArrayField(models.CharField(max_length=50), default=list, blank=True)

    processing_status = models.CharField(
        max_length=10, choices=ProcessingStatus, default=ProcessingStatus.PENDING
    )
    content_hash = models.CharField(
        max_length=64, blank=True, editable=False, help_text=_("SHA-256 of the file, in hex.")
    )
    processing_stage = models.CharField(max_length=10, choices=Stage, blank=True, editable=False)
    processing_attempt = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    processing_until = models.DateTimeField(
        null=True, editable=False, help_text=_("Whoever processes it has to be heard of by then.")
    )
    page_count = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    embedded_count = models.PositiveIntegerField(
        default=0, db_default=0, editable=False, help_text=_("Chunks that have their vectors.")
    )
    error_message = models.TextField(blank=True, max_length=LONGEST_ERROR)
    processed_at = models.DateTimeField(null=True, blank=True)
    vector_collection_name = models.CharField(
        max_length=200, blank=True, help_text=_("Required once processing is completed.")
    )
    vector_collection_metadata = models.JSONField(default=dict, blank=True)
    vector_store_ids = models.JSONField(default=list, blank=True)
    vector_metadata = models.JSONField(
        default=dict, blank=True, help_text=_("Stored with each chunk; searches filter by it.")
    )
    chunk_count = models.PositiveIntegerField(default=0)

    is_active = models.BooleanField(default=True, help_text=_("Whether searches use it."))
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(auto_now=True)
    deleted_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text=_("Set while the deletion is under way.")
    )

    objects: ClassVar[UserDocumentQuerySet] = UserDocumentQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        indexes = (
            models.Index(fields=["user", "-created_at", "-id"], name="documents_recent"),
            models.Index(fields=["user", "processing_status", "-created_at"], name="documents_by_status"),
            models.Index(fields=["user"], include=["file_size"], name="documents_storage"),
            models.Index(fields=["vector_collection_name", "user"], name="documents_in_collection"),
            models.Index(fields=["-created_at"], name="documents_newest"),
            models.Index(
                fields=["processing_until"],
                name="documents_to_process",
                condition=Q(processing_status__in=("pending", "processing")),
            ),
            models.Index(
                fields=["deleted_at"],
                name="documents_deleting",
                condition=Q(deleted_at__isnull=False),
            ),
        )
        constraints = (
            models.CheckConstraint(
                name="documents_completed_in_collection",
                condition=~Q(processing_status="completed") | ~Q(vector_collection_name=""),
                violation_error_message=_("A completed document names the collection of its vectors."),
            ),
        )

    def __str__(self) -> str:
        return self.file_name

    def get_vector_metadata(self) -> dict[str, Any]:
        """Make what is stored with each chunk to search by: scalars and lists only, nothing empty."""
        described = {
            "user_id": str(self.user_id),
            "document_id": str(self.pk),
            "chat_session_id": str(self.chat_session_id) if self.chat_session_id else "",
            "file_name": self.file_name,
            "file_type": self.file_type,
            "category": self.category,
            "tags": list(self.tags),
            "uploaded_at": self.created_at.isoformat(),
        }
        return {name: value for name, value in described.items() if value not in ("", [])}

    def mark_processing_started(self) -> None:
        """Begin, or begin again after a failure. Raises Conflict for a document elsewhere on its way."""
        self._move({"pending", "failed"}, processing_status="processing", error_message="", processed_at=None)

    def mark_processing_completed(
        self,
        *,
        collection_name: str,
        vector_ids: Sequence[str],
        chunk_count: int,
        collection_metadata: Mapping[str, Any] | None = None,
        vector_metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """Note where the vectors are. Raises Conflict as above, and Invalid without a collection's name."""
        if not collection_name.strip():
            raise Invalid(
                "The collection has no name.", fields={"vector_collection_name": ["This field is required."]}
            )
        self._move(
            {"pending", "processing"},
            processing_status="completed",
            vector_collection_name=collection_name,
            vector_collection_metadata=dict(collection_metadata or {}),
            vector_store_ids=list(vector_ids),
            vector_metadata=dict(self.get_vector_metadata() if vector_metadata is None else vector_metadata),
            chunk_count=chunk_count,
            error_message="",
            processed_at=Now(),
        )

    def mark_processing_failed(self, message: str) -> None:
        """Note why there are no vectors. Raises Conflict as above."""
        said = message.replace("\x00", "")[:LONGEST_ERROR]
        self._move(
            {"pending", "processing"}, processing_status="failed", error_message=said, processed_at=Now()
        )

    @classmethod
    def get_user_storage_usage(cls, user: CustomUser) -> dict[str, Any]:
        """Add up a user's files in one query.

        Returns `total_size_bytes`, `total_size_mb`, `document_count` and `limit_mb`.
        """
        found = cls.objects.owned_by(user.pk).aggregate(size=Coalesce(Sum("file_size"), 0), count=Count("pk"))
        size = int(found["size"])
        return {
            "total_size_bytes": size,
            "total_size_mb": round(size / MEGABYTE, 2),
            "document_count": found["count"],
            "limit_mb": settings.MAX_STORAGE_MB_PER_USER,
        }

    @classmethod
    def get_documents_in_collection(cls, *, collection_name: str, user: CustomUser) -> UserDocumentQuerySet:
        """Find a user's documents whose vectors are in a collection."""
        return cls.objects.owned_by(user.pk).in_collection(collection_name)

    def _move(self, origins: set[str], **changes: Any) -> None:
        """Take one step in one statement: of two who try, one gets there."""
        changes.setdefault("processing_stage", "")
        here = UserDocument.objects.filter(pk=self.pk, processing_status__in=origins, deleted_at__isnull=True)
        if not here.update(**changes, updated_at=Now()):
            raise Conflict(
                "The document's processing does not stand where this step begins.",
                code="document_step_out_of_order",
            )
        self.refresh_from_db(fields=[*changes, "updated_at"])


class EmbeddedBatch(models.Model):
    """Vectors of some chunks of a document that is being processed: paid for, and not to be paid again.

    They go when the document is completed or deleted.
    """

    id = models.BigAutoField(primary_key=True)
    document = models.ForeignKey(UserDocument, on_delete=models.CASCADE, related_name="embedded_batches")
    number = models.PositiveIntegerField(editable=False)
    fingerprint = models.CharField(
        max_length=64, editable=False, help_text=_("SHA-256 of the model's name and the texts, in hex.")
    )
    vectors = models.BinaryField(editable=False, help_text=_("Four-byte numbers, vector after vector."))
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["document", "number"], name="documents_one_batch"),)

    def __str__(self) -> str:
        return f"{self.document_id} {self.number}"
