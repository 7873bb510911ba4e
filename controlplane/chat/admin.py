"""Sessions in the back office: what users see of a thread, never what was said in it."""

import uuid
from collections.abc import Callable
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.messages import SUCCESS, WARNING
from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from controlplane.accounts.callers import user_of
from controlplane.backoffice.columns import column
from controlplane.backoffice.content import may_see_content
from controlplane.backoffice.exports import MOST_ROWS, stream_csv
from controlplane.backoffice.pages import LargeTableAdmin, ShownOnlyAdmin
from controlplane.chat import services
from controlplane.chat.back_office_search import ModelFilter, RetentionFilter, sessions_found
from controlplane.chat.models import ChatSession, ChatSessionQuerySet, DeletedThread
from controlplane.chat.studio_link import LeadsToStudio
from controlplane.chat.tags import tags_normalize
from controlplane.chat.transcript_page import ShowsTranscripts
from controlplane.errors import Conflict, Invalid, NotFound
from controlplane.language_models.selection import model_is_allowed

EXPORTED = (
    "id", "user__email", "title", "tags", "model_name", "is_archived", "is_pinned",
    "message_count", "total_tokens_used", "total_cost", "created_at", "updated_at",
)  # fmt: skip


class SessionForm(forms.ModelForm):  # type: ignore[type-arg]  # is not generic when run
    """Settings as the services take them, so that what they would refuse is said beside the field."""

    def clean_tags(self) -> list[str]:
        """Write tags the one way."""
        try:
            return tags_normalize(self.cleaned_data["tags"] or [])
        except Invalid as error:
            raise forms.ValidationError(error.fields["tags"]) from error

    def clean_model_name(self) -> str:
        """Take a model that may be used, or none."""
        name: str = self.cleaned_data["model_name"]
        if name and name != self.instance.model_name and not model_is_allowed(name):
            raise forms.ValidationError(_("This model is not on the list of allowed models."))
        return name


@admin.register(ChatSession)
class ChatSessionAdmin(ShowsTranscripts, LeadsToStudio, LargeTableAdmin[ChatSession]):
    """Settings can be helped with; identity and figures mirror other systems and are only shown."""

    content_fields = ("title", "tags", "labels", "custom_system_prompt", "conversation", "__str__")
    form = SessionForm
    list_display = (
        "title",
        "user",
        "labels",
        "answers_by",
        "messages",
        "tokens",
        "cost",
        "state",
        "updated_at",
    )
    # None of these asks the whole table for its values.
    list_filter = ("is_archived", "is_pinned", "is_provisional", ModelFilter, RetentionFilter, "created_at")
    list_select_related = ("user",)
    search_fields = ("id", "title")
    search_help_text = _("Words of a title, part of an e-mail address with its @, an id, or tag:word")
    ordering = ("-updated_at", "-id")
    actions = ("archive", "restore", "export_csv", "delete_for_good")
    readonly_fields = (
        "id",
        "title_origin",
        "user",
        "conversation",
        "studio",
        "graph_id",
        "message_count",
        "total_tokens_used",
        "total_cost",
        "satisfaction",
        "last_message_at",
        "is_provisional",
        "is_archived",
        "retired_at",
        "restored_at",
        "created_at",
        "updated_at",
        "deleted_at",
    )
    fieldsets = (
        (
            None,
            {"fields": (("title", "title_origin"), "tags", "user", "id", "conversation", "studio")},
        ),
        (
            _("Model"),
            {"fields": ("model_name", ("temperature", "max_tokens"), "custom_system_prompt")},
        ),
        (_("Summaries"), {"fields": (("enable_summarization", "summarization_threshold"),)}),
        (_("State"), {"fields": ("is_pinned", "is_archived", "is_provisional", "graph_id")}),
        (
            _("Figures"),
            {
                "fields": (
                    ("message_count", "total_tokens_used"),
                    "total_cost",
                    "satisfaction",
                    "last_message_at",
                )
            },
        ),
        (
            _("Record"),
            {"fields": ("created_at", "updated_at", "retired_at", "restored_at", "deleted_at")},
        ),
    )

    @column(_("model"), ordering="model_name", empty="default")
    def answers_by(self, session: ChatSession) -> str | None:
        """Show the default as such."""
        return session.model_name or None

    @column(_("tags"), empty="none")
    def labels(self, session: ChatSession) -> str:
        """Show them in one line."""
        return ", ".join(session.tags)

    @column(_("messages"), ordering="message_count")
    def messages(self, session: ChatSession) -> int:
        """Show a short heading for a long field name."""
        return session.message_count

    @column(_("tokens"), ordering="total_tokens_used")
    def tokens(self, session: ChatSession) -> str:
        """Show grouped digits."""
        return f"{session.total_tokens_used:,}"

    @column(_("cost"), ordering="total_cost")
    def cost(self, session: ChatSession) -> str:
        """Show dollars."""
        return f"${session.total_cost:.4f}"

    @column(_("satisfaction"), empty="-")
    def satisfaction(self, session: ChatSession) -> str | None:
        """Show what part of the rated answers was found good, and how many were rated."""
        # Feedback stands above sessions: it is known here by its related name alone.
        found = cast("Any", session).message_feedback.satisfaction()
        rate = found["satisfaction_rate"]
        return None if rate is None else f"{rate} % of {found['total_feedback']}"

    @column(
        _("state"),
        colours={"archived": "warning", "deleting": "danger", "provisional": "info", "open": "success"},
    )
    def state(self, session: ChatSession) -> str:
        """Say in one word where the session stands."""
        if session.deleted_at is not None:
            return "deleting"
        if session.is_provisional:
            return "provisional"
        return "archived" if session.is_archived else "open"

    @admin.action(description=_("Archive"), permissions=["change"])
    def archive(self, request: HttpRequest, sessions: QuerySet[ChatSession]) -> None:
        """Put the chosen sessions away."""
        self._each(request, sessions, services.session_archive)

    @admin.action(description=_("Restore from the archive"), permissions=["change"])
    def restore(self, request: HttpRequest, sessions: QuerySet[ChatSession]) -> None:
        """Take the chosen sessions out of the archive."""
        self._each(request, sessions, services.session_restore)

    @admin.action(description=_("Export as CSV, 10,000 at most"), permissions=["view"])
    def export_csv(self, request: HttpRequest, sessions: QuerySet[ChatSession]) -> StreamingHttpResponse:
        """Give the chosen sessions' metadata as a file."""
        may_see_all = may_see_content(request)
        shown = [name for name in EXPORTED if may_see_all or name not in self.content_fields]
        chosen = sessions.values_list(*shown)[:MOST_ROWS]
        rows = ([", ".join(cell) if isinstance(cell, list) else cell for cell in row] for row in chosen)
        return stream_csv(request, name="sessions", heading=shown, rows=rows)

    @admin.action(description=_("Delete for good, messages included"), permissions=["delete_for_good"])
    def delete_for_good(self, request: HttpRequest, sessions: QuerySet[ChatSession]) -> None:
        """Delete as their owner would: tombstone now, erased at the Agent Server soon after."""
        self._each(request, sessions, services.session_delete)

    def has_delete_for_good_permission(self, request: HttpRequest) -> bool:
        """Ask for Django's own permission to delete."""
        return request.user.has_perm("chat.delete_chatsession")

    def get_search_results(
        self,
        request: HttpRequest,
        queryset: QuerySet[ChatSession],
        search_term: str,
    ) -> tuple[QuerySet[ChatSession], bool]:
        """Search by index, which looking for parts of any column could not."""
        if request.path == reverse("admin:autocomplete") and not may_see_content(request):
            # A picker shows nothing but titles.
            return queryset.none(), False
        sessions = cast("ChatSessionQuerySet", queryset)
        return sessions_found(sessions, search_term, by_content=may_see_content(request)), False

    def save_model(self, request: HttpRequest, obj: ChatSession, form: Any, change: bool) -> None:  # noqa: ARG002, FBT001
        """Change it as its owner would."""
        changes = {name: form.cleaned_data[name] for name in form.changed_data}
        services.session_change(
            session_id=obj.pk, owner_id=obj.user_id, changes=changes, actor_id=user_of(request).pk
        )

    def has_change_permission(self, request: HttpRequest, obj: ChatSession | None = None) -> bool:
        """Ask for Django's own permission; what is being deleted stays as it is."""
        is_gone = obj is not None and obj.deleted_at is not None
        return not is_gone and bool(super().has_change_permission(request, obj))

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002  # Django passes it
        """Nobody may: a session comes with its thread, which only its owner's token can make."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ChatSession | None = None) -> bool:  # noqa: ARG002
        """Nobody may: a deleted row alone would leave the thread; see the action."""
        return False

    def _each(
        self,
        request: HttpRequest,
        sessions: QuerySet[ChatSession],
        service: Callable[..., object],
    ) -> None:
        chosen: list[tuple[uuid.UUID, uuid.UUID]] = list(
            sessions.filter(deleted_at=None).values_list("pk", "user_id")
        )
        done, actor_id = 0, user_of(request).pk
        for session_id, owner_id in chosen:
            try:
                service(session_id=session_id, owner_id=owner_id, actor_id=actor_id)
            except (Conflict, NotFound) as error:
                # One that is only on its way, or just gone, does not stop the others.
                self.message_user(request, f"{session_id}: {error.message}", WARNING)
            else:
                done += 1
        said = ngettext("Done for %d session.", "Done for %d sessions.", done)
        self.message_user(request, said % done, SUCCESS)


@admin.register(DeletedThread)
class DeletedThreadAdmin(ShownOnlyAdmin[DeletedThread]):
    """Tombstones: what was deleted, and whether the Agent Server has erased it."""

    list_display = ("thread_id", "user", "deleted_at", "erased_at")
    list_select_related = ("user",)
    list_filter = ("deleted_at", ("erased_at", admin.EmptyFieldListFilter))
    search_fields = ("thread_id", "user__email")
    ordering = ("-deleted_at",)
