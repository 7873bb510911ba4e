"""Keyset pages: constant cost at any depth, and no row twice or missed while new ones arrive."""

import base64
import binascii
import json
import re
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError as InvalidValue
from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

Row = TypeVar("Row", bound=Model)
# Bounded, because reading a number of thousands of digits is an error of its own.
LIMIT = re.compile(r"[0-9]{1,9}")


def encode_cursor(moment: datetime, key: object) -> str:
    """Make an opaque cursor that stands just after the row with this time and primary key."""
    position = json.dumps([moment.isoformat(), str(key)]).encode()
    return base64.urlsafe_b64encode(position).decode().rstrip("=")


def decode_cursor(cursor: str) -> tuple[datetime, str]:
    """Read a cursor back; raises ValidationError for anything that `encode_cursor` did not make."""
    try:
        padded = cursor.encode() + b"=" * (-len(cursor) % 4)
        moment, key = json.loads(base64.urlsafe_b64decode(padded))
        # In UTC: Postgres takes fewer offsets than Python does.
        return datetime.fromisoformat(moment).astimezone(UTC), str(key)
    except (binascii.Error, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise ValidationError({"cursor": [_("This is not a cursor of this list.")]}) from error


class KeysetPagination(BasePagination, Generic[Row]):
    """Newest first by a timestamp, ties by primary key; subclass to name the timestamp.

    The answer is `{"results": [...], "next": url or null}`.
    """

    timestamp = "created_at"
    default_limit = 20
    max_limit = 100

    def paginate_queryset(  # type: ignore[override]  # returns one more type variable than DRF's
        self,
        queryset: QuerySet[Row],  # type: ignore[override]  # a keyset needs a query, no mere sequence
        request: Request,
        view: APIView | None = None,  # noqa: ARG002  # DRF passes it
    ) -> list[Row]:
        """Cut one page out of an ordered or unordered queryset; raises ValidationError."""
        limit = self._limit(request)
        rows = list(self._after_cursor(queryset, request).order_by(f"-{self.timestamp}", "-pk")[: limit + 1])
        page = rows[:limit]
        self._next = self._next_url(request, page[-1]) if len(rows) > limit else None
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
                "results": {"type": "array", "items": schema.get("items", schema)},
                "next": {"type": "string", "format": "uri", "nullable": True},
            },
        }

    def get_schema_operation_parameters(
        self,
        view: APIView,  # noqa: ARG002  # DRF passes it
    ) -> list[dict[str, Any]]:
        """Describe the query parameters for OpenAPI."""
        return [
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

    def _after_cursor(self, queryset: QuerySet[Row], request: Request) -> QuerySet[Row]:
        cursor = request.query_params.get("cursor")
        if not cursor:
            return queryset
        moment, key = decode_cursor(cursor)
        try:
            key = queryset.model._meta.pk.to_python(key)
        except InvalidValue as error:
            raise ValidationError({"cursor": [_("This is not a cursor of this list.")]}) from error
        # The first condition repeats what the others imply, so that the index can be walked from there.
        return queryset.filter(
            Q(**{f"{self.timestamp}__lt": moment}) | Q(**{self.timestamp: moment, "pk__lt": key}),
            **{f"{self.timestamp}__lte": moment},
        )

    def _next_url(self, request: Request, last: Row) -> str:
        cursor = encode_cursor(getattr(last, self.timestamp), last.pk)
        return replace_query_param(request.build_absolute_uri(), "cursor", cursor)
