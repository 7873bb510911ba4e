"""Bases of admin pages: tables that grow are never counted, and mirrors of other systems only shown."""

from collections.abc import Sequence
from typing import Generic, TypeVar

from django.db.models import Model
from django.http import HttpRequest
from unfold.admin import ModelAdmin as UnfoldModelAdmin  # type: ignore[import-untyped]  # ships no types
from unfold.paginator import InfinitePaginator  # type: ignore[import-untyped]  # as above

from controlplane.backoffice.content import HidesContent

__all__ = ["LargeTableAdmin", "ModelAdmin", "ShownOnlyAdmin"]

Row = TypeVar("Row", bound=Model)


class ModelAdmin(HidesContent, UnfoldModelAdmin):  # type: ignore[misc]  # the library has no types
    """A page of the back office; `content_fields` names what only roles that may see content see."""


class LargeTableAdmin(ModelAdmin, Generic[Row]):
    """Lists a table of any size: no page counts it, and no filter loads another table whole."""

    paginator = InfinitePaginator
    show_full_result_count = False
    list_per_page = 50


class ShownOnlyAdmin(LargeTableAdmin[Row]):
    """Shows what is written elsewhere: nothing is added, changed or deleted here."""

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002  # Django passes it
        """Nobody may."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:  # noqa: ARG002  # as above
        """Nobody may."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:  # noqa: ARG002  # as above
        """Nobody may."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Row | None = None) -> Sequence[str]:  # noqa: ARG002
        """Name every field, those included that forms leave out."""
        return [field.name for field in self.model._meta.fields if field.name not in (self.exclude or ())]
