"""Drift in the back office: where the planes differ, and since when."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from controlplane.backoffice.columns import column
from controlplane.backoffice.pages import ShownOnlyAdmin
from controlplane.upkeep import figures
from controlplane.upkeep.models import DriftFinding

figures.register()


@admin.register(DriftFinding)
class DriftFindingAdmin(ShownOnlyAdmin[DriftFinding]):
    """Shown; what can be put right is put right by the job that finds it."""

    list_display = ("kind", "thread_id", "stands", "first_seen_at", "last_seen_at")
    list_filter = ("kind", ("resolved_at", admin.EmptyFieldListFilter), "first_seen_at")
    search_fields = ("thread_id",)
    ordering = ("-first_seen_at", "-id")

    @column(
        _("state"),
        colours={"open": "danger", "repaired": "success", "adopted": "success", "gone": "info"},
    )
    def stands(self, finding: DriftFinding) -> str:
        """Say whether it is there still, or how it ended."""
        return finding.resolution or "open"
