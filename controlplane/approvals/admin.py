"""Approvals in the back office: shown, decided by their users alone."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from controlplane.approvals.models import ToolApproval
from controlplane.backoffice.columns import column
from controlplane.backoffice.pages import ShownOnlyAdmin


@admin.register(ToolApproval)
class ToolApprovalAdmin(ShownOnlyAdmin[ToolApproval]):
    """Which calls asked for leave, and what was decided."""

    # A session is named by its title, and arguments are what was said.
    content_fields = ("session", "arguments", "edited_arguments", "reason")
    list_display = ("created_at", "tool_name", "user", "stands", "expires_at", "decided_at")
    list_select_related = ("user",)
    list_filter = ("status", "created_at")
    search_fields = ("id", "run_id", "tool_name", "user__email")
    search_help_text = _("Id of the approval or its run, tool or e-mail address")
    ordering = ("-created_at", "-id")

    @column(
        _("status"),
        ordering="status",
        colours={
            "pending": "info",
            "approved": "success",
            "edited": "success",
            "rejected": "danger",
            "expired": "warning",
            "withdrawn": "warning",
        },
    )
    def stands(self, approval: ToolApproval) -> str:
        """Show the status in its colour."""
        return approval.status
