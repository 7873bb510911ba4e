"""Feedback in the back office: what users think, and what the house has made of it."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.contrib.messages import SUCCESS
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from controlplane.accounts.callers import user_of
from controlplane.backoffice.columns import column
from controlplane.backoffice.pages import LargeTableAdmin
from controlplane.feedback.models import MessageFeedback
from controlplane.feedback.services import feedback_reopen, feedback_review


@admin.register(MessageFeedback)
class MessageFeedbackAdmin(LargeTableAdmin[MessageFeedback]):
    """What users said is only shown; the review is the house's."""

    content_fields = ("feedback_text", "review_notes")
    list_display = ("created_at", "user", "stars", "categories", "issue", "is_reviewed", "reviewed_by")
    list_filter = ("reviewed", "rating", "created_at", "reported_issue")
    list_select_related = ("user", "reviewed_by", "chat_session", "run")
    search_fields = ("id", "user__email", "chat_session__id", "message_id")
    search_help_text = _("E-mail address, or id of the session or the message")
    ordering = ("-created_at",)
    actions = ("review", "reopen")
    readonly_fields = (
        "id",
        "user",
        "session_id",
        "run",
        "message_id",
        "message_index",
        "checkpoint_id",
        "rating",
        "feedback_categories",
        "feedback_text",
        "reported_issue",
        "reviewed_by",
        "reviewed_at",
        "created_at",
        "updated_at",
    )
    fieldsets = (
        (None, {"fields": ("user", "rating", "feedback_categories", "feedback_text", "reported_issue")}),
        (_("Review"), {"fields": ("reviewed", "review_notes", ("reviewed_by", "reviewed_at"))}),
        (_("Message"), {"fields": ("session_id", "run", "message_id", "message_index", "checkpoint_id")}),
        (_("Record"), {"fields": ("id", "created_at", "updated_at")}),
    )

    @column(
        _("rating"),
        ordering="rating",
        colours={
            "thumbs up": "success",
            "thumbs down": "danger",
            "5 stars": "success",
            "4 stars": "success",
            "3 stars": "warning",
            "2 stars": "danger",
            "1 star": "danger",
        },
    )
    def stars(self, feedback: MessageFeedback) -> str:
        """Show it in words."""
        return str(feedback.get_rating_display())

    @column(_("categories"), empty="-")
    def categories(self, feedback: MessageFeedback) -> str | None:
        """Show them in a line."""
        return ", ".join(feedback.feedback_categories) or None

    @column(_("issue"), ordering="reported_issue", empty="-")
    def issue(self, feedback: MessageFeedback) -> str | None:
        """Show what was reported, in words."""
        return str(feedback.get_reported_issue_display()) or None

    @column(_("reviewed"), ordering="reviewed", is_mark=True)
    def is_reviewed(self, feedback: MessageFeedback) -> bool:
        """Show a mark."""
        return feedback.reviewed

    @column(_("session"))
    def session_id(self, feedback: MessageFeedback) -> str:
        """Show the id: the title is the user's."""
        return str(feedback.chat_session_id)

    @admin.action(description=_("Reviewed"), permissions=["change"])
    def review(self, request: HttpRequest, chosen: QuerySet[MessageFeedback]) -> None:
        """Note that the administrator has looked at the chosen ones."""
        ids: list[UUID] = list(chosen.values_list("pk", flat=True))
        for feedback_id in ids:
            feedback_review(feedback_id=feedback_id, reviewer_id=user_of(request).pk)
        self._say(request, len(ids))

    @admin.action(description=_("To be reviewed again"), permissions=["change"])
    def reopen(self, request: HttpRequest, chosen: QuerySet[MessageFeedback]) -> None:
        """Put the chosen ones back."""
        ids: list[UUID] = list(chosen.values_list("pk", flat=True))
        for feedback_id in ids:
            feedback_reopen(feedback_id=feedback_id)
        self._say(request, len(ids))

    def get_queryset(self, request: HttpRequest) -> QuerySet[MessageFeedback]:
        """Leave out what belongs to sessions that are being deleted."""
        rows: QuerySet[MessageFeedback] = super().get_queryset(request)
        return rows.filter(chat_session__deleted_at=None)

    def save_model(self, request: HttpRequest, obj: MessageFeedback, form: Any, change: bool) -> None:  # noqa: ARG002, FBT001  # Django passes it
        """Write the review by its services; notes alone do not change who has looked at it."""
        notes: str = form.cleaned_data["review_notes"]
        if not form.cleaned_data["reviewed"]:
            feedback_reopen(feedback_id=obj.pk, notes=notes)
        elif form.changed_data:
            feedback_review(feedback_id=obj.pk, reviewer_id=user_of(request).pk, notes=notes)

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002  # Django passes it
        """Nobody may: feedback is the users'."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: MessageFeedback | None = None) -> bool:  # noqa: ARG002  # as above
        """Nobody may: it goes with its session, or when its user takes it back."""
        return False

    def _say(self, request: HttpRequest, count: int) -> None:
        self.message_user(request, ngettext("Done for %d.", "Done for %d.", count) % count, SUCCESS)
