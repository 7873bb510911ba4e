"""Keyset pages: constant cost at any depth, and no row twice or missed while new ones arrive."""

import re
from typing import Any, ClassVar, Generic, TypeVar

from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from controlplane.api.cursors import Position, decode_cursor, encode_cursor

Row = TypeVar("Row", bound=Model)
# Bounded, because reading a number of thousands of digits is an error of its own.
LIMIT = re.compile(r"[0-9]{1,9}")


class KeysetPagination(BasePagination, Generic[Row]):
    """Newest first, ties by primary key; subclass to name another order, and more to choose from.

    Only fields that are never null can be an order. The answer is `{"results": [...], "next": url or null}`.
    """

    ordering: ClassVar[str] = "-created_at"
    # What a caller may ask for by `?ordering=`, the default included; empty: there is no choice.
    orderings: ClassVar[tuple[str, ...]] = ()
    default_limit = 20
    max_limit = 100

    def paginate_queryset(  # type: ignore[override]  # returns one more type variable than DRF's
        self,
        queryset: QuerySet[Row],  # type: ignore[override]  # a keyset needs a query, no mere sequence
        request: Request,
        view: APIView | None = None,  # noqa: ARG002  # DRF passes it
    ) -> list[Row]:
        """Cut one page out of an ordered or unordered queryset; raises ValidationError."""
        limit, ordering = self._limit(request), self._ordering(request)
        ties = "-pk" if ordering.startswith("-") else "pk"
        rows = list(self._after_cursor(queryset, request, ordering).order_by(ordering, ties)[: limit + 1])
        page = rows[:limit]
        self._next = self._next_url(request, page[-1], ordering) if len(rows) > limit else None
        return page

    def get_paginated_response(self, data: Any) -> Response:
        """Wrap one page of presented rows."""
        return Response({"results": data, "next": self._next})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Describe the wrapped page for OpenAPI."""
        return {
            "type": "object",
            "required": ["results", "next"],
            "properties": {
                # As it comes: examples of lists are made by looking for this very object.
                "results": schema,
                "next": {"type": "string", "format": "uri", "nullable": True, "example": None},
            },
        }

    def get_schema_operation_parameters(
        self,
        view: APIView,  # noqa: ARG002  # DRF passes it
    ) -> list[dict[str, Any]]:
        """Describe the query parameters for OpenAPI."""
        return [
            *self._ordering_parameter(),
            {
                "name": "limit",
                "in": "query",
                "description": "Rows per page.",
                "schema": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": self.max_limit,
                    "default": self.default_limit,
                },
            },
            {
                "name": "cursor",
                "in": "query",
                "description": "Where the page before ended; taken from `next`.",
                "schema": {"type": "string"},
            },
        ]

    def _limit(self, request: Request) -> int:
        text = request.query_params.get("limit")
        if text is None:
            return self.default_limit
        if not LIMIT.fullmatch(text) or not 1 <= int(text) <= self.max_limit:
            raise ValidationError({"limit": [_("A whole number from 1 to %d.") % self.max_limit]})
        return int(text)

    def _ordering(self, request: Request) -> str:
        ordering = request.query_params.get("ordering") or self.ordering
        if ordering != self.ordering and ordering not in self.orderings:
            raise ValidationError(
                {"ordering": [_("One of: %s.") % ", ".join(self.orderings or [self.ordering])]}
            )
        return ordering

    def _ordering_parameter(self) -> list[dict[str, Any]]:
        if not self.orderings:
            return []
        schema = {"type": "string", "enum": list(self.orderings), "default": self.ordering}
        return [
            {"name": "ordering", "in": "query", "description": "A minus sign: descending.", "schema": schema}
        ]

    def _after_cursor(self, queryset: QuerySet[Row], request: Request, ordering: str) -> QuerySet[Row]:
        cursor = request.query_params.get("cursor")
        if not cursor:
            return queryset
        position = decode_cursor(cursor, ordering=ordering, model=queryset.model)
        field, beyond = ordering.removeprefix("-"), "lt" if ordering.startswith("-") else "gt"
        # The first condition repeats what the others imply, so that the index can be walked from there.
        return queryset.filter(
            Q(**{f"{field}__{beyond}": position.value})
            | Q(**{field: position.value, f"pk__{beyond}": position.key}),
            **{f"{field}__{beyond}e": position.value},
        )

    def _next_url(self, request: Request, last: Row, ordering: str) -> str:
        value = getattr(last, ordering.removeprefix("-"))
        cursor = encode_cursor(Position(ordering=ordering, value=value, key=last.pk))
        return replace_query_param(request.build_absolute_uri(), "cursor", cursor)
