"""Runs in the back office: a mirror of the Agent Server, for looking only."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from controlplane.backoffice.columns import column
from controlplane.backoffice.pages import ShownOnlyAdmin
from controlplane.runs import figures
from controlplane.runs.models import Run

figures.register()


@admin.register(Run)
class RunAdmin(ShownOnlyAdmin[Run]):
    """One row per admitted run."""

    # A session is named by its title.
    content_fields = ("session", "provider_key")
    list_display = (
        "admitted_at",
        "user",
        "session",
        "model_name",
        "stands",
        "error_code",
        "took",
    )
    list_select_related = ("user", "session")
    list_filter = ("status", "admitted_at", ("settled_at", admin.EmptyFieldListFilter))
    search_fields = ("id", "thread_id", "user__email")
    search_help_text = _("Run or thread id, or e-mail address")
    ordering = ("-admitted_at",)

    @column(
        _("status"),
        ordering="status",
        colours={
            "provisional": "info",
            "pending": "info",
            "running": "info",
            "success": "success",
            "error": "danger",
            "timeout": "danger",
            "interrupted": "warning",
            "withdrawn": "warning",
        },
    )
    def stands(self, run: Run) -> str:
        """Show the status in its colour."""
        return run.status

    @column(_("took"))
    def took(self, run: Run) -> str | None:
        """Show how long it ran; admission, queue and all."""
        return f"{(run.ended_at - run.admitted_at).total_seconds():.1f} s" if run.ended_at else None
