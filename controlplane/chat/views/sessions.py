"""Sessions: list, create, read, change, put in order, delete."""

import uuid
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, cast

from asgiref.sync import sync_to_async
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from controlplane.accounts.callers import user_of
from controlplane.api.asynchronous import AsyncViewSet
from controlplane.api.idempotency import HEADER, Attempt, read_key
from controlplane.api.pagination import KeysetPagination
from controlplane.api.viewsets import ChangesByVersion, Deletes
from controlplane.chat import services
from controlplane.chat.models import ChatSession, ChatSessionQuerySet
from controlplane.chat.provisional import decide_before_deleting, decide_before_listing
from controlplane.chat.selectors import session_filter, session_missing, session_read
from controlplane.chat.serializers import SessionSerializer
from controlplane.chat.views.session_forms import (
    CHANGE_EXAMPLE,
    PAGE_EXAMPLE,
    SESSION_EXAMPLE,
    SessionFilters,
    SessionSettings,
)
from controlplane.errors import NotFound

IDEMPOTENCY_KEY = OpenApiParameter(
    HEADER,
    location=OpenApiParameter.HEADER,
    description="At most 200 printable characters; a repeat with the same key finds what the first one made.",
)
IF_MATCH = OpenApiParameter(
    "If-Match",
    location=OpenApiParameter.HEADER,
    description="The ETag that was read; 412 when it was changed since.",
)


class SessionPages(KeysetPagination[ChatSession]):
    """Most recently used first, unless asked otherwise."""

    ordering = "-updated_at"
    orderings = ("-updated_at", "updated_at", "-created_at", "created_at", "title", "-title")


def _operation(name: str, **options: Any) -> Callable[[Any], Any]:
    return extend_schema(operation_id=f"sessions_{name}", tags=["sessions"], **options)


def _step(name: str) -> Callable[[Any], Any]:
    return _operation(name, request=None, responses=SessionSerializer, examples=[SESSION_EXAMPLE])


@extend_schema_view(
    retrieve=_operation("read", responses=SessionSerializer, examples=[SESSION_EXAMPLE]),
    partial_update=_operation(
        "change",
        request=SessionSettings,
        responses=SessionSerializer,
        parameters=[IF_MATCH],
        examples=[CHANGE_EXAMPLE, SESSION_EXAMPLE],
        description="Change its title, tags or settings; settings hold from the next message on.",
    ),
)
class SessionViewSet(AsyncViewSet, ChangesByVersion[ChatSession], Deletes[ChatSession]):
    """The caller's sessions, each of which is a thread at the Agent Server."""

    serializer_class = SessionSerializer
    Output = SessionSerializer
    Changes = SessionSettings
    Filters = SessionFilters
    pagination_class = SessionPages
    lookup_url_kwarg = "session_id"
    versioned: ClassVar[tuple[str, ...]] = (
        "title",
        "tags",
        "model_name",
        "temperature",
        "max_tokens",
        "custom_system_prompt",
        "enable_summarization",
        "summarization_threshold",
        "multitask_strategy",
        "is_archived",
        "is_pinned",
    )

    def owned_by(self, owner_id: uuid.UUID) -> ChatSessionQuerySet:
        """Give one user's sessions."""
        return ChatSession.objects.owned_by(owner_id).existing()

    def find(self, *, lock: bool = False) -> ChatSession:
        """Find the session that the address names. Raises NotFound, Gone for a deleted one."""
        try:
            return super().find(lock=lock)
        except NotFound:
            raise session_missing(session_id=self._session_id, owner_id=self.owner_id) from None

    def narrow(self, rows: QuerySet[ChatSession], filters: Mapping[str, Any]) -> QuerySet[ChatSession]:
        """Apply the filters of the list to those whose thread has been seen; others are only on their way."""
        seen = cast("ChatSessionQuerySet", rows).seen()
        return session_filter(seen, owner_id=self.owner_id, filters=filters)

    @_operation("list", parameters=[SessionFilters], examples=[PAGE_EXAMPLE])
    async def list(self, request: Request, **kwargs: Any) -> Response:
        """List them, a page at a time; a thread that was just made at the Agent Server is among them."""
        await decide_before_listing(owner_id=self.owner_id)
        response: Response = await sync_to_async(super().list)(request, **kwargs)
        return response

    @_operation(
        "create",
        request=SessionSettings,
        responses={201: SessionSerializer},
        parameters=[IDEMPOTENCY_KEY],
        examples=[CHANGE_EXAMPLE, SESSION_EXAMPLE],
    )
    async def create(self, request: Request, **kwargs: Any) -> Response:  # noqa: ARG002  # the address's ids
        """Create one, with its thread at the Agent Server; when that fails there is neither.

        A repeat with the same `Idempotency-Key` makes nothing new, and sees to it that the thread is there.
        """
        owner, settings, key = user_of(request), self.given(SessionSettings), read_key(request)
        if key is None:
            session = await services.session_create(owner=owner, settings=settings)
            return self.present(session, status=201)
        attempt = Attempt(user_id=owner.pk, operation="sessions_create", key=key, body=request.data)
        made = await services.session_create_once(owner=owner, settings=settings, attempt=attempt)
        response = self.present(made.row, status=201)
        if not made.is_new:
            response.headers["Idempotent-Replayed"] = "true"
        return response

    def retrieve(self, request: Request, **kwargs: Any) -> Response:  # noqa: ARG002  # as above
        """Read one."""
        return self.present(session_read(session_id=self._session_id, owner_id=self.owner_id))

    def change(self, row: ChatSession, changes: dict[str, Any]) -> ChatSession:
        """Change its settings."""
        return services.session_change(session_id=row.pk, owner_id=self.owner_id, changes=changes)

    @_operation("delete", responses={204: None}, parameters=[IF_MATCH])
    async def destroy(self, request: Request, **kwargs: Any) -> Response:
        """Delete it for good: gone for the caller at once, erased at the Agent Server soon after."""
        await decide_before_deleting(session_id=self._session_id, owner_id=self.owner_id)
        response: Response = await sync_to_async(super().destroy)(request, **kwargs)
        return response

    def remove(self, row: ChatSession) -> None:
        """Put up its tombstone."""
        services.session_delete(session_id=row.pk, owner_id=self.owner_id, actor_id=self.owner_id)

    @_step("archive")
    def archive(self, request: Request, session_id: uuid.UUID) -> Response:  # noqa: ARG002  # DRF passes it
        """Put a session away: it stays readable and takes no messages."""
        return self.present(services.session_archive(session_id=session_id, owner_id=self.owner_id))

    @_step("restore")
    def restore(self, request: Request, session_id: uuid.UUID) -> Response:  # noqa: ARG002  # as above
        """Take a session out of the archive."""
        return self.present(services.session_restore(session_id=session_id, owner_id=self.owner_id))

    @_step("pin")
    def pin(self, request: Request, session_id: uuid.UUID) -> Response:  # noqa: ARG002  # as above
        """Pin a session."""
        return self.present(services.session_pin(session_id=session_id, owner_id=self.owner_id))

    @_step("unpin")
    def unpin(self, request: Request, session_id: uuid.UUID) -> Response:  # noqa: ARG002  # as above
        """Unpin a session."""
        return self.present(services.session_unpin(session_id=session_id, owner_id=self.owner_id))

    @property
    def _session_id(self) -> uuid.UUID:
        session_id: uuid.UUID = self.kwargs["session_id"]
        return session_id
