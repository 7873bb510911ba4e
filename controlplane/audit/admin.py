"""The record in the back office: looked at and searched, and nothing else."""

import json
import uuid
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from controlplane.audit import reads
from controlplane.audit.models import AuditEntry
from controlplane.backoffice.columns import column
from controlplane.backoffice.pages import ShownOnlyAdmin

reads.register()


@admin.register(AuditEntry)
class AuditEntryAdmin(ShownOnlyAdmin[AuditEntry]):
    """Ids only, so that nothing here has to be hidden from those who may see the record."""

    list_display = ("at", "action", "actor", "subject", "concerns", "summary")
    list_filter = ("action", "at")
    search_fields = ("subject_id",)
    search_help_text = _("A whole id: of an actor, of a user, of what it is about, or of the entry")
    ordering = ("-at", "-id")
    fieldsets = (
        (None, {"fields": ("at", "action", "actor", "subject", "concerns")}),
        (_("What changed"), {"fields": ("told",)}),
        (
            _("Record"),
            {"fields": ("id", "request_id", "actor_id", "subject_type", "subject_id", "concerns_id")},
        ),
    )

    @column(_("by"), ordering="actor_id")
    def actor(self, entry: AuditEntry) -> str:
        """Lead to the account of who did it."""
        return _link("accounts.customuser", entry.actor_id) if entry.actor_id else str(_("the system"))

    @column(_("about"))
    def subject(self, entry: AuditEntry) -> str:
        """Lead to what it was done to; its page says so if it is gone."""
        return _link(entry.subject_type, entry.subject_id, shown=f"{entry.subject_type} {entry.subject_id}")

    @column(_("concerns"), ordering="concerns_id", empty="-")
    def concerns(self, entry: AuditEntry) -> str | None:
        """Lead to the account of whom it concerns."""
        return _link("accounts.customuser", entry.concerns_id) if entry.concerns_id else None

    @column(_("changes"), empty="-")
    def summary(self, entry: AuditEntry) -> str | None:
        """Name what was changed."""
        return ", ".join(sorted(entry.changes)) or None

    @column(_("before and after"), empty="-")
    def told(self, entry: AuditEntry) -> str | None:
        """Show the changes as they are kept."""
        told = json.dumps(entry.changes, indent=2, ensure_ascii=False, sort_keys=True)
        return format_html("<pre>{}</pre>", told) if entry.changes else None

    def get_readonly_fields(self, request: HttpRequest, obj: AuditEntry | None = None) -> Any:
        """Show the links too."""
        return (*super().get_readonly_fields(request, obj), "actor", "subject", "concerns", "told")

    def get_search_results(
        self,
        request: HttpRequest,  # noqa: ARG002  # Django passes it
        queryset: QuerySet[AuditEntry],
        search_term: str,
    ) -> tuple[QuerySet[AuditEntry], bool]:
        """Search whole ids by index."""
        term = search_term.strip()
        return (queryset.filter(_by_id(term)) if term else queryset), False


def _by_id(term: str) -> Q:
    try:
        key = uuid.UUID(term)
    except ValueError:
        return Q(subject_id=term)
    return Q(actor_id=key) | Q(concerns_id=key) | Q(pk=key) | Q(subject_id=str(key))


def _link(label: str, key: object, *, shown: str | None = None) -> str:
    text = shown or str(key)
    try:
        model = apps.get_model(label)
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_change"
        return format_html('<a href="{}">{}</a>', reverse(name, args=[key]), text)
    except (LookupError, ValueError, NoReverseMatch):
        # Its app is gone, or it has no page.
        return text
