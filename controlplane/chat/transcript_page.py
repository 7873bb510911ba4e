"""The page of the back office that shows what was said in a session."""

import json
import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from controlplane.accounts.callers import user_of
from controlplane.backoffice.columns import column
from controlplane.backoffice.content import may_see_content
from controlplane.chat.models import ChatSession
from controlplane.chat.transcripts import transcript_read
from controlplane.errors import NotFound
from sdk_bridge import BridgeError, History, Message, ThreadNotFound

# Beyond it no conversation of this product reaches; a longer number is nobody's page.
LARGEST_INDEX = 10_000_000
MOST_DIGITS = 8


class ShowsTranscripts:
    """Adds the page to the sessions' own pages, and a link to it to each."""

    @column(_("conversation"))
    def conversation(self, session: ChatSession) -> str:
        """Lead to what was said; opening it is recorded."""
        address = reverse("admin:chat_chatsession_transcript", args=[session.pk])
        return format_html(
            '<a href="{}" class="text-primary-600 dark:text-primary-500">{}</a>',
            address,
            _("Read it (this is recorded)"),
        )

    def get_urls(self) -> list[URLPattern]:
        """Put the page before those of the library, which would take its address for a key."""
        view: Callable[..., HttpResponse] = self.admin_site.admin_view(self.transcript_view)  # type: ignore[attr-defined]  # the page's own
        own = path("<uuid:session_id>/transcript/", view, name="chat_chatsession_transcript")
        return [own, *super().get_urls()]  # type: ignore[misc]  # as above

    def transcript_view(self, request: HttpRequest, session_id: uuid.UUID) -> HttpResponse:
        """Show a page of messages. Raises PermissionDenied, Http404."""
        if not (may_see_content(request) and self.has_view_permission(request)):  # type: ignore[attr-defined]  # as above
            raise PermissionDenied
        before = _index(request.GET.get("before", ""))
        try:
            history = transcript_read(session_id=session_id, reader_id=user_of(request).pk, before=before)
        except NotFound as error:
            raise Http404 from error
        except ThreadNotFound:
            return self._answer(request, session_id, is_lost=True)
        except BridgeError:
            return self._answer(request, session_id, status=503, is_unreachable=True)
        return self._answer(request, session_id, **_shown(history))

    def _answer(
        self, request: HttpRequest, session_id: uuid.UUID, *, status: int = 200, **shown: Any
    ) -> HttpResponse:
        context = {
            **admin.site.each_context(request),
            "title": _("Conversation"),
            "session_id": session_id,
            "opts": ChatSession._meta,
            **shown,
        }
        return render(request, "chat/transcript.html", context, status=status)


def _index(given: str) -> int | None:
    if not given:
        return None
    if not (given.isascii() and given.isdigit() and len(given) <= MOST_DIGITS) or int(given) > LARGEST_INDEX:
        raise Http404
    return int(given)


def _shown(history: History) -> dict[str, Any]:
    return {
        "messages_shown": [_message(message) for message in history.messages],
        "total": history.total,
        "first": history.first_index + 1,
        "last": history.first_index + len(history.messages),
        "before": history.first_index or None,
    }


def _message(message: Message) -> dict[str, Any]:
    calls = [
        {"name": call.name, "arguments": json.dumps(call.arguments, ensure_ascii=False, default=str)}
        for call in message.tool_calls
    ]
    return {"role": message.role, "name": message.name, "text": message.text, "calls": calls,
            "at": message.created_at, "is_error": message.is_error}  # fmt: skip
