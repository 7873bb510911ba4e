"""A resource of one user's with all that the API's plumbing offers; sessions stand in for it."""

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django.urls import path
from rest_framework import serializers

from controlplane.api.pagination import KeysetPagination
from controlplane.api.viewsets import ChangesByVersion, CreatesOnce, Deletes
from controlplane.chat.models import ChatSession
from controlplane.config.urls import handler400, handler404, handler500
from controlplane.config.urls import urlpatterns as product_addresses

NOTES = "/api/test/notes/"


class NotePages(KeysetPagination[ChatSession]):
    """Newest first; also by title or figures."""

    orderings = ("-created_at", "title", "-title", "message_count", "-message_count", "-total_cost")


class NotesView(CreatesOnce[ChatSession], ChangesByVersion[ChatSession], Deletes[ChatSession]):
    """All that can be done."""

    versioned = ("title", "is_pinned")
    pagination_class = NotePages
    lookup_url_kwarg = "note_id"

    class Output(serializers.ModelSerializer[ChatSession]):
        """What is shown."""

        class Meta:
            model = ChatSession
            fields: ClassVar[list[str]] = ["id", "title", "is_pinned", "message_count"]

    class Filters(serializers.Serializer[Any]):
        """What a list is narrowed by."""

        is_pinned = serializers.BooleanField(required=False, allow_null=True)

    class Input(serializers.Serializer[Any]):
        """What is created; `refused` ones fail after they were made."""

        title = serializers.CharField(max_length=200)

    class Changes(serializers.Serializer[Any]):
        """What is changed."""

        title = serializers.CharField(max_length=200, required=False)
        is_pinned = serializers.BooleanField(required=False)

    def owned_by(self, owner_id: UUID) -> QuerySet[ChatSession]:
        return ChatSession.objects.owned_by(owner_id)

    def make(self, given: dict[str, Any]) -> ChatSession:
        made = ChatSession.objects.create(user_id=self.owner_id, **given)
        if given["title"] == "refused":
            raise serializers.ValidationError({"title": ["Not this one."]})
        return made

    def change(self, row: ChatSession, changes: dict[str, Any]) -> ChatSession:
        for name, value in changes.items():
            setattr(row, name, value)
        row.save(update_fields=[*changes])
        return row

    def remove(self, row: ChatSession) -> None:
        row.delete()


urlpatterns = [
    *product_addresses,
    path("api/test/notes/", NotesView.as_view({"get": "list", "post": "create"})),
    path(
        "api/test/notes/<uuid:note_id>/",
        NotesView.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
    ),
]
__all__ = ["handler400", "handler404", "handler500", "urlpatterns"]
