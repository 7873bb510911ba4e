"""The shape of every resource that belongs to one user: found by owner, created once, changed by version."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeVar, cast
from uuid import UUID

from django.db import transaction
from django.db.models import Model, QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from controlplane.api.idempotency import Attempt, Creation, create_once, read_key
from controlplane.api.pagination import KeysetPagination
from controlplane.api.preconditions import etag_of, require_match
from controlplane.errors import NotFound

Row = TypeVar("Row", bound=Model)


class OwnedViewSet(GenericViewSet[Row], Generic[Row]):
    """Reading a user's rows, one by one and in pages; add the mixins below for what else may be done.

    A subclass nests `Output`, and `Filters` where a list can be narrowed; `owned_by` gives the caller's rows,
    so that another user's row is not found. `versioned` names the fields whose change changes the ETag.
    """

    Output: ClassVar[type[serializers.BaseSerializer[Any]]]
    Filters: ClassVar[type[serializers.Serializer[Any]] | None] = None
    versioned: ClassVar[Sequence[str]] = ()
    pagination_class = KeysetPagination
    lookup_value_converter = "uuid"
    http_method_names: ClassVar[list[str]] = ["get", "post", "patch", "delete"]  # type: ignore[misc]  # a constant

    def owned_by(self, owner_id: UUID) -> QuerySet[Row]:
        """Give the rows of one user that exist for them."""
        raise NotImplementedError

    def narrow(self, rows: QuerySet[Row], filters: Mapping[str, Any]) -> QuerySet[Row]:
        """Apply the validated filters of a list; only named ones arrive."""
        return rows.filter(**filters)

    def get_queryset(self) -> QuerySet[Row]:
        """Keep the caller's rows."""
        return self.owned_by(self.owner_id)

    @property
    def owner_id(self) -> UUID:
        """The caller."""
        return cast("UUID", self.request.user.pk)

    def list(self, request: Request, **kwargs: Any) -> Response:  # noqa: ARG002  # the address's other ids
        """List them, a page at a time."""
        rows = self.get_queryset()
        if self.Filters is not None:
            given = self.Filters(data=request.query_params.dict())
            given.is_valid(raise_exception=True)
            rows = self.narrow(rows, given.validated_data)
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(
            self.Output(page, many=True, context=self.get_serializer_context()).data
        )

    def retrieve(self, request: Request, **kwargs: Any) -> Response:  # noqa: ARG002  # as above
        """Read one."""
        return self.present(self.find())

    def find(self, *, lock: bool = False) -> Row:
        """Find the row that the address names. Raises NotFound for one that is missing or another user's."""
        rows = self.get_queryset()
        # Of the row alone: what it is joined with is not being changed.
        rows = rows.select_for_update(of=("self",)) if lock else rows
        row = rows.filter(pk=self.kwargs[self.lookup_url_kwarg or self.lookup_field]).first()
        if row is None:
            raise NotFound("There is nothing here.")
        return row

    def present(self, row: Row, *, status: int = 200) -> Response:
        """Answer with one row and its version."""
        data = self.Output(row, context=self.get_serializer_context()).data
        headers = {"ETag": etag_of(row, self.versioned)} if self.versioned else None
        return Response(data, status=status, headers=headers)

    def given(self, form: type[serializers.Serializer[Any]], *, partial: bool = False) -> dict[str, Any]:
        """Read the body by a nested input serializer. Raises ValidationError."""
        read = form(data=self.request.data, partial=partial, context=self.get_serializer_context())
        read.is_valid(raise_exception=True)
        return dict(read.validated_data)


class CreatesOnce(OwnedViewSet[Row]):
    """Creating, once per `Idempotency-Key`; nest `Input` and say in `make` which service does it."""

    Input: ClassVar[type[serializers.Serializer[Any]]]

    def make(self, given: dict[str, Any]) -> Row:
        """Create the row by its service, in the caller's transaction."""
        raise NotImplementedError

    def asked_for(self, given: dict[str, Any]) -> object:  # noqa: ARG002  # for those who look into it
        """Give what two requests with one key must have in common; of files their content."""
        return self.request.data

    def create(self, request: Request, **kwargs: Any) -> Response:  # noqa: ARG002  # as above
        """Create one: 201, also for a repeat with the same `Idempotency-Key`, which makes nothing new."""
        given, key = self.given(self.Input), read_key(request)
        if key is None:
            return self.present(self.make(given), status=201)
        operation = f"{type(self).__name__}.create"
        attempt = Attempt(user_id=self.owner_id, operation=operation, key=key, body=self.asked_for(given))
        made: Creation[Row] = create_once(attempt, make=lambda: self.make(given), find=self._find_made)
        response = self.present(made.row, status=201)
        if not made.is_new:
            response.headers["Idempotent-Replayed"] = "true"
        return response

    def _find_made(self, object_id: str) -> Row | None:
        return self.get_queryset().filter(pk=object_id).first()


class ChangesByVersion(OwnedViewSet[Row]):
    """Changing, refused when `If-Match` names an older version; nest `Changes` and say in `change` how."""

    Changes: ClassVar[type[serializers.Serializer[Any]]]

    def change(self, row: Row, changes: dict[str, Any]) -> Row:
        """Change the locked row by its service."""
        raise NotImplementedError

    def partial_update(self, request: Request, **kwargs: Any) -> Response:  # noqa: ARG002  # as above
        """Change what the body names; the rest stays as it is."""
        changes = self.given(self.Changes, partial=True)
        with transaction.atomic():
            row = self.find(lock=True)
            require_match(request, etag_of(row, self.versioned))
            row = self.change(row, changes)
        return self.present(row)


class Deletes(OwnedViewSet[Row]):
    """Deleting, refused when `If-Match` names an older version; say in `remove` which service does it."""

    def remove(self, row: Row) -> None:
        """Delete the locked row by its service."""
        raise NotImplementedError

    def destroy(self, request: Request, **kwargs: Any) -> Response:  # noqa: ARG002  # as above
        """Delete it."""
        with transaction.atomic():
            row = self.find(lock=True)
            if self.versioned:
                require_match(request, etag_of(row, self.versioned))
            self.remove(row)
        return Response(status=204)
