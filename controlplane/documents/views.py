"""Documents: list, upload, read, change, delete."""

from collections.abc import Mapping
from hashlib import file_digest
from typing import Any, ClassVar, cast
from uuid import UUID

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers

from controlplane.api.fields import TextField
from controlplane.api.pagination import KeysetPagination
from controlplane.api.parsers import BoundedJSONParser, BoundedMultiPartParser
from controlplane.api.viewsets import ChangesByVersion, CreatesOnce, Deletes, OwnedViewSet
from controlplane.documents import services
from controlplane.documents.models import MEGABYTE, UserDocument, UserDocumentQuerySet
from controlplane.documents.selectors import document_narrow

MOST_TAGS = 20
EXAMPLE = {
    "id": "019aa9b4-6f0a-7cc1-9c0e-0d5b9c5a7a11",
    "session": None,
    "file_name": "tea ceremony.pdf",
    "file_size": 48213,
    "file_type": "application/pdf",
    "category": "research",
    "tags": ["tea", "japan"],
    "processing_status": "completed",
    "processing_stage": "",
    "page_count": 4,
    "embedded_count": 12,
    "error_message": "",
    "vector_collection_name": "user_7d0c_documents",
    "chunk_count": 12,
    "is_active": True,
    "created_at": "2026-11-22T09:30:00Z",
    "updated_at": "2026-11-22T09:30:04Z",
    "processed_at": "2026-11-22T09:30:04Z",
}
SHOWN = OpenApiExample("A processed document", value=EXAMPLE, response_only=True)


def tags_field() -> serializers.ListField:
    """Make a field for tags; in a form the field comes once per tag."""
    return serializers.ListField(child=TextField(max_length=50), max_length=MOST_TAGS, required=False)


class DocumentFilters(serializers.Serializer[Any]):
    """Which documents to list."""

    status = serializers.ChoiceField(choices=UserDocument.ProcessingStatus.choices, required=False)
    session = serializers.UUIDField(required=False)
    type = TextField(max_length=100, required=False, help_text="Media type, such as `application/pdf`.")
    active = serializers.BooleanField(required=False, allow_null=True, default=None)
    category = TextField(max_length=50, required=False)
    tag = TextField(max_length=50, required=False)
    created_after = serializers.DateTimeField(required=False)
    created_before = serializers.DateTimeField(required=False)


class DocumentPages(KeysetPagination[UserDocument]):
    """Newest first; also by name or size."""

    orderings = ("-created_at", "created_at", "file_name", "-file_name", "file_size", "-file_size")


class _Documents(OwnedViewSet[UserDocument]):
    """What all addresses of documents share."""

    versioned = ("is_active", "category", "tags", "chat_session_id")
    lookup_url_kwarg = "document_id"

    class Output(serializers.ModelSerializer[UserDocument]):
        """A document as its owner sees it; the file is at its own address, below this one."""

        session = serializers.UUIDField(source="chat_session_id", allow_null=True, read_only=True)
        processing_stage = serializers.ChoiceField(
            choices=UserDocument.Stage.choices,
            allow_blank=True,
            read_only=True,
            help_text="What is being done while `processing_status` is `processing`; else empty.",
        )

        class Meta:
            ref_name = "Document"
            model = UserDocument
            fields: ClassVar[list[str]] = list(EXAMPLE)
            read_only_fields = fields

    serializer_class = Output

    def owned_by(self, owner_id: UUID) -> UserDocumentQuerySet:
        """Keep the caller's documents."""
        return UserDocument.objects.owned_by(owner_id)


@extend_schema_view(
    list=extend_schema(
        operation_id="documents_list",
        tags=["documents"],
        description="List your documents, newest first; every filter given has to fit.",
        examples=[SHOWN],
    ),
    create=extend_schema(
        operation_id="documents_upload",
        tags=["documents"],
        description="Upload a file. It is kept as it is and waits for its processing. With an "
        "`Idempotency-Key` the same file is kept once, however often it is sent.",
        examples=[SHOWN],
    ),
)
class DocumentsView(CreatesOnce[UserDocument], _Documents):
    """All documents of the caller."""

    pagination_class = DocumentPages
    parser_classes = (BoundedMultiPartParser,)

    Filters = DocumentFilters

    class Input(serializers.Serializer[UserDocument]):
        """A file and what its owner says of it; `session` left out: for all sessions."""

        file = serializers.FileField(max_length=1000)
        session = serializers.UUIDField(required=False, allow_null=True)
        category = TextField(max_length=50, required=False, allow_blank=True)
        tags = tags_field()

        class Meta:
            ref_name = "DocumentUpload"

    @classmethod
    def largest_body(cls) -> int:
        """Tell the middleware how much may come here: one file, and the form around it."""
        return int(settings.MAX_DOCUMENT_SIZE_MB) * MEGABYTE + 100_000

    def narrow(self, rows: QuerySet[UserDocument], filters: Mapping[str, Any]) -> UserDocumentQuerySet:
        """Keep those that fit every filter."""
        return document_narrow(cast("UserDocumentQuerySet", rows), filters)

    def make(self, given: dict[str, Any]) -> UserDocument:
        """Keep the file."""
        session_id = given.pop("session", None)
        return services.document_upload(owner_id=self.owner_id, session_id=session_id, **given)

    def asked_for(self, given: dict[str, Any]) -> object:
        """Name the file by what is in it: the same form with another file is another wish."""
        file: UploadedFile[bytes] = given["file"]
        content = file_digest(file, "sha256").hexdigest()
        file.seek(0)
        return {**given, "file": [file.name, content]}


@extend_schema_view(
    retrieve=extend_schema(
        operation_id="documents_read",
        tags=["documents"],
        description="Read what is known of one document; its file is one address further.",
        examples=[SHOWN],
    ),
    partial_update=extend_schema(
        operation_id="documents_change",
        tags=["documents"],
        description="Switch a document on or off, or say anew where it belongs.",
        examples=[
            SHOWN,
            OpenApiExample("Switched off", value={"is_active": False, "tags": ["tea"]}, request_only=True),
        ],
    ),
    destroy=extend_schema(
        operation_id="documents_delete",
        tags=["documents"],
        description="Delete a document, its file included.",
        responses={204: None},
    ),
)
class DocumentView(ChangesByVersion[UserDocument], Deletes[UserDocument], _Documents):
    """One document of the caller."""

    parser_classes = (BoundedJSONParser,)

    class Changes(serializers.Serializer[UserDocument]):
        """What can be said anew; what is left out stays."""

        is_active = serializers.BooleanField(required=False)
        category = TextField(max_length=50, required=False, allow_blank=True)
        tags = tags_field()
        session = serializers.UUIDField(source="chat_session_id", required=False, allow_null=True)

        class Meta:
            ref_name = "DocumentChanges"

    def change(self, row: UserDocument, changes: dict[str, Any]) -> UserDocument:
        """Change the document."""
        return services.document_change(document_id=row.pk, owner_id=self.owner_id, changes=changes)

    def remove(self, row: UserDocument) -> None:
        """Delete the document and its file."""
        services.document_delete(document_id=row.pk, owner_id=self.owner_id, actor_id=self.owner_id)
