"""How the back office finds sessions among everybody's: each way of asking has an index that answers it."""

import uuid
from typing import Any

from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from controlplane.accounts.models import CustomUser
from controlplane.chat.models import ChatSession, ChatSessionQuerySet
from controlplane.chat.models.lexemes import read_query
from controlplane.chat.retention import Retention
from controlplane.language_models.selection import allowed_models

TAG = "tag:"
# Addresses that share a part with more users than these are to be typed further.
MOST_USERS = 20


def sessions_found(sessions: ChatSessionQuerySet, text: str, *, by_content: bool) -> ChatSessionQuerySet:
    """Narrow to an id or a user's address (with an @); `by_content` also to `tag:word` or words of titles."""
    text = text.strip()
    if not text:
        return sessions
    if "@" in text:
        users = CustomUser.objects.filter(email__icontains=text).order_by("email")
        return sessions.filter(user__in=list(users.values_list("pk", flat=True)[:MOST_USERS]))
    known_id = _read_id(text)
    if known_id is not None:
        return sessions.filter(Q(pk=known_id) | Q(user=known_id))
    if not by_content:
        return sessions.none()
    if text.lower().startswith(TAG):
        tag = " ".join(text[len(TAG) :].lower().split())
        return sessions.tagged_by_anybody(tag) if tag else sessions.none()
    query = read_query(text)
    return sessions.none() if query is None else sessions.titled(query)


class ModelFilter(admin.SimpleListFilter):
    """Sessions that name one of the allowed models."""

    title = _("model")
    parameter_name = "model"

    def lookups(
        self,
        request: HttpRequest,  # noqa: ARG002  # Django passes it
        model_admin: "ModelAdmin[ChatSession]",  # noqa: ARG002  # as above
    ) -> list[tuple[str, str]]:
        """Offer the list of models, not the values of a large table."""
        names = allowed_models().order_by("name").values_list("name", flat=True)
        return [(name, name) for name in names[:100]]

    def queryset(
        self,
        request: HttpRequest,  # noqa: ARG002  # as above
        queryset: QuerySet[ChatSession],
    ) -> QuerySet[ChatSession]:
        """Keep those of the chosen one."""
        return queryset.filter(model_name=self.value()) if self.value() else queryset


class RetentionFilter(admin.SimpleListFilter):
    """What the next rounds of retention would do, before they do it."""

    title = _("retention")
    parameter_name = "retention"

    def lookups(
        self,
        request: HttpRequest,  # noqa: ARG002  # Django passes it
        model_admin: "ModelAdmin[ChatSession]",  # noqa: ARG002  # as above
    ) -> list[tuple[str, Any]]:
        """Offer both steps."""
        return [("archive", _("to be archived now")), ("delete", _("to be deleted now"))]

    def queryset(
        self,
        request: HttpRequest,  # noqa: ARG002  # as above
        queryset: QuerySet[ChatSession],
    ) -> QuerySet[ChatSession]:
        """Keep what is due; nothing while retention is off."""
        rule = Retention.in_force()
        if self.value() == "archive":
            return queryset & rule.to_archive()
        return queryset & rule.to_delete() if self.value() == "delete" else queryset


def _read_id(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
