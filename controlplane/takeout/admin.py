"""Exports in the back office: who asked when and how far it is; the files are their users' alone."""

from django.contrib import admin
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext_lazy as _

from controlplane.backoffice.columns import column
from controlplane.backoffice.pages import ShownOnlyAdmin
from controlplane.takeout.models import AccountExport


@admin.register(AccountExport)
class AccountExportAdmin(ShownOnlyAdmin[AccountExport]):
    """Shown, to help a user whose export does not come."""

    list_display = ("user", "stands", "progress", "size", "created_at", "expires_at")
    list_filter = ("status", "created_at")
    list_select_related = ("user",)
    search_fields = ("user__email", "id")
    search_help_text = _("E-mail address or id")
    ordering = ("-created_at", "-id")

    @column(
        _("status"),
        ordering="status",
        colours={"ready": "success", "failed": "danger", "running": "info", "pending": "info"},
    )
    def stands(self, export: AccountExport) -> str:
        """Colour the status."""
        return export.status

    @column(_("progress"))
    def progress(self, export: AccountExport) -> str:
        """Say how many pieces of how many are there."""
        total = "?" if export.pieces_total is None else export.pieces_total
        return f"{export.pieces_done} / {total}"

    @column(_("size"), ordering="size_bytes")
    def size(self, export: AccountExport) -> str:
        """Write bytes as people read them."""
        return filesizeformat(export.size_bytes)
