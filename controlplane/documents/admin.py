"""Documents in the back office: what is known of each file, never what is in it."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.contrib.messages import SUCCESS
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from controlplane.accounts.callers import user_of
from controlplane.backoffice.columns import column
from controlplane.backoffice.content import NAME
from controlplane.backoffice.pages import LargeTableAdmin
from controlplane.documents import services
from controlplane.documents.models import UserDocument


@admin.register(UserDocument)
class UserDocumentAdmin(LargeTableAdmin[UserDocument]):
    """What its user says of a document can be helped with; the rest is shown."""

    list_display = ("file_name", "user", "size", "file_type", "stands", "chunks", "active", "created_at")
    list_filter = (
        "processing_status",
        "is_active",
        "created_at",
        ("chat_session", admin.EmptyFieldListFilter),
    )
    list_select_related = ("user",)
    search_fields = ("file_name", "user__email", "id")
    search_help_text = _("File name, e-mail address or id")
    ordering = ("-created_at",)
    actions = ("switch_on", "switch_off")
    exclude = ("file",)
    # A file is often named by what is in it, and so is what its user says of it.
    content_fields = (
        NAME,
        "file_name",
        "category",
        "tags",
        "chat_session",
        "error_message",
        "vector_metadata",
        "vector_collection_metadata",
    )
    fieldsets = (
        (None, {"fields": ("file_name", "user", "chat_session", "id")}),
        (_("Said of it"), {"fields": ("is_active", "category", "tags")}),
        (_("File"), {"fields": (("size", "file_type"),)}),
        (_("Processing"), {"fields": (("stands", "processed_at"), "error_message")}),
        (
            _("Vectors"),
            {
                "fields": (
                    "vector_collection_name",
                    "chunk_count",
                    "vector_metadata",
                    "vector_collection_metadata",
                )
            },
        ),
        (_("Record"), {"fields": ("created_at", "updated_at")}),
    )
    readonly_fields = (
        "id",
        "user",
        "chat_session",
        "file_name",
        "size",
        "file_type",
        "stands",
        "processed_at",
        "error_message",
        "vector_collection_name",
        "vector_collection_metadata",
        "vector_metadata",
        "chunk_count",
        "created_at",
        "updated_at",
    )

    @column(_("size"), ordering="file_size")
    def size(self, document: UserDocument) -> str:
        """Show bytes as people read them."""
        return filesizeformat(document.file_size)

    @column(
        _("processing"),
        ordering="processing_status",
        colours={"pending": "info", "processing": "info", "completed": "success", "failed": "danger"},
    )
    def stands(self, document: UserDocument) -> str:
        """Show the status in its colour."""
        return document.processing_status

    @column(_("chunks"), ordering="chunk_count")
    def chunks(self, document: UserDocument) -> int:
        """Show a short heading for a long field name."""
        return document.chunk_count

    @column(_("active"), is_mark=True, ordering="is_active")
    def active(self, document: UserDocument) -> bool:
        """Show a short heading for a long field name."""
        return document.is_active

    @admin.action(description=_("Let searches use them"), permissions=["change"])
    def switch_on(self, request: HttpRequest, documents: QuerySet[UserDocument]) -> None:
        """Switch the chosen documents on."""
        self._switch(request, documents, is_active=True)

    @admin.action(description=_("Keep searches from using them"), permissions=["change"])
    def switch_off(self, request: HttpRequest, documents: QuerySet[UserDocument]) -> None:
        """Switch the chosen documents off."""
        self._switch(request, documents, is_active=False)

    def get_queryset(self, request: HttpRequest) -> QuerySet[UserDocument]:
        """Leave out those that are being deleted."""
        found: QuerySet[UserDocument] = super().get_queryset(request)
        return found.filter(deleted_at__isnull=True)

    def save_model(self, request: HttpRequest, obj: UserDocument, form: Any, change: bool) -> None:  # noqa: ARG002, FBT001  # Django passes it
        """Change it as its user would, recorded."""
        services.document_change(
            document_id=obj.pk,
            owner_id=obj.user_id,
            changes={name: form.cleaned_data[name] for name in form.changed_data},
            actor_id=user_of(request).pk,
        )

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002  # Django passes it
        """Nobody may: a document comes with its file, which its user uploads."""
        return False

    def delete_model(self, request: HttpRequest, obj: UserDocument) -> None:
        """Delete as its user would, file included."""
        services.document_delete(document_id=obj.pk, owner_id=obj.user_id, actor_id=user_of(request).pk)

    def delete_queryset(self, request: HttpRequest, queryset: Iterable[UserDocument]) -> None:
        """Delete as their users would, files included."""
        for document in queryset:
            self.delete_model(request, document)

    def _switch(self, request: HttpRequest, documents: QuerySet[UserDocument], *, is_active: bool) -> None:
        chosen = list(documents.values_list("pk", "user_id"))
        for document_id, owner_id in chosen:
            services.document_change(
                document_id=document_id,
                owner_id=owner_id,
                changes={"is_active": is_active},
                actor_id=user_of(request).pk,
            )
        said = ngettext("Done for %d document.", "Done for %d documents.", len(chosen))
        self.message_user(request, said % len(chosen), SUCCESS)
