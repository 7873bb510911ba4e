"""What users write is shown to those roles alone that may see content: fields, columns, names, searches."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse

PERMISSION = "accounts.view_content"
# In `content_fields`: the row's own name is content too, as a title is.
NAME = "__str__"


def may_see_content(request: HttpRequest) -> bool:
    """Ask for the one permission that covers the content of all apps."""
    return bool(request.user.has_perm(PERMISSION))


# Who is told of reads: `(request, row)`, before anything of the row is shown.
_told: list[Callable[[HttpRequest, Model], None]] = []


def tell_of_reads(listener: Callable[[HttpRequest, Model], None]) -> None:
    """Have a listener told whenever somebody opens the page of a row that shows what users wrote."""
    if listener not in _told:
        _told.append(listener)


class Unnamed:
    """A row as pages show it to those who may not know its name; everything else is the row's own."""

    def __init__(self, row: Model) -> None:
        self._row = row

    def __getattr__(self, name: str) -> Any:
        return getattr(self._row, name)

    def __str__(self) -> str:
        return str(self._row.pk)


class HidesContent:
    """Leaves `content_fields` out of every page for roles without the permission to see content.

    Name fields, columns, foreign keys whose rows are named by content, and `__str__` where the page's own
    rows are. Left out are lists, forms, filters, searches, lookups in the address, names and histories.
    """

    content_fields: ClassVar[Sequence[str]] = ()

    def get_list_display(self, request: HttpRequest) -> Sequence[Any]:
        """Leave columns out."""
        return self._shown(request, super().get_list_display(request)) or ("pk",)  # type: ignore[misc]

    def get_list_filter(self, request: HttpRequest) -> Sequence[Any]:
        """Leave filters out."""
        return self._shown(request, super().get_list_filter(request))  # type: ignore[misc]

    def get_search_fields(self, request: HttpRequest) -> Sequence[Any]:
        """Leave searched fields out: finding is a way of reading."""
        return self._shown(request, super().get_search_fields(request))  # type: ignore[misc]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[Any]:
        """Leave fields out."""
        return self._shown(request, super().get_readonly_fields(request, obj))  # type: ignore[misc]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[Any]:
        """Leave fields out of a form without sections."""
        return self._shown(request, super().get_fields(request, obj))  # type: ignore[misc]

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> Sequence[str] | None:
        """Leave fields out of what a form could save."""
        excluded: Sequence[str] | None = super().get_exclude(request, obj)  # type: ignore[misc]
        return excluded if may_see_content(request) else (*(excluded or ()), *self.content_fields)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Sequence[Any]:
        """Leave fields out of sections, and sections that would be empty."""
        sections = super().get_fieldsets(request, obj)  # type: ignore[misc]
        shown = ((name, {**of, "fields": self._shown(request, of["fields"])}) for name, of in sections)
        return [(name, of) for name, of in shown if of["fields"]]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find nothing for pickers and searches of other pages, which would show the names."""
        match, of = request.resolver_match, self.opts  # type: ignore[attr-defined]
        own_list = f"{of.app_label}_{of.model_name}_changelist"
        if match is not None and match.url_name != own_list and self._hides_names(request):
            return queryset.none(), False
        found: tuple[QuerySet[Any], bool] = super().get_search_results(request, queryset, search_term)  # type: ignore[misc]
        return found

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Refuse to narrow a list by content: an answer to every guess is a way of reading."""
        is_content = lookup.split("__", maxsplit=1)[0] in self.content_fields
        if is_content and (request is None or not may_see_content(request)):
            return False
        return bool(super().lookup_allowed(lookup, value, request))  # type: ignore[misc]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Tell of the read where content is shown; elsewhere call the row by its key in titles and crumbs."""
        context = dict(extra_context or {})
        self._tell(request, object_id)
        row = self.get_object(request, object_id) if object_id and self._hides_names(request) else None  # type: ignore[attr-defined]
        if row is not None:
            context |= {"subtitle": str(row.pk), "original": Unnamed(row)}
        answer: HttpResponse = super().changeform_view(request, object_id, form_url, context)  # type: ignore[misc]
        return answer

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Keep the history, which tells names, to those who may know them. Raises PermissionDenied."""
        if self._hides_names(request):
            raise PermissionDenied
        answer: HttpResponse = super().history_view(request, object_id, extra_context)  # type: ignore[misc]
        return answer

    def _tell(self, request: HttpRequest, object_id: str | None) -> None:
        if not (object_id and self.content_fields and may_see_content(request)):
            return
        row = self.get_object(request, unquote(object_id))  # type: ignore[attr-defined]  # the page's own
        if row is not None and self.has_view_permission(request, row):  # type: ignore[attr-defined]  # as above
            for listener in _told:
                listener(request, row)

    def _hides_names(self, request: HttpRequest) -> bool:
        return NAME in self.content_fields and not may_see_content(request)

    def _shown(self, request: HttpRequest, names: Iterable[Any]) -> Sequence[Any]:
        """Keep names that are not content; of pairs and rows of names, what is left of them."""
        if may_see_content(request) or not self.content_fields:
            return tuple(names)
        return tuple(kept for kept in map(self._without_content, names) if kept)

    def _without_content(self, name: Any) -> Any:
        if isinstance(name, str):
            return None if name.split("__")[0] in self.content_fields or name in self.content_fields else name
        if isinstance(name, tuple | list) and all(isinstance(one, str) for one in name):
            return tuple(one for one in name if self._without_content(one))
        # A filter with a class of its own: its field comes first.
        if isinstance(name, tuple | list) and name and self._without_content(name[0]) is None:
            return None
        return name
