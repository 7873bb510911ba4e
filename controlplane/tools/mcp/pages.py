"""MCP servers in the back office: registered here, asked for their tools; headers go in and never out."""

import json
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.messages import SUCCESS, WARNING
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables
from unfold.admin import TabularInline  # type: ignore[import-untyped]  # ships no types
from unfold.widgets import UnfoldAdminTextareaWidget  # type: ignore[import-untyped]  # as above

from controlplane.accounts.callers import user_of
from controlplane.backoffice.columns import column
from controlplane.backoffice.pages import ModelAdmin
from controlplane.tools.mcp.discovery import mcp_server_discover
from controlplane.tools.mcp.headers import require_headers
from controlplane.tools.mcp.services import mcp_server_save, mcp_servers_remove
from controlplane.tools.models import AvailableTool, McpServer
from controlplane.tools.tasks import request_discovery

# Each may take twenty seconds, and a request has to end.
MOST_ASKED_AT_ONCE = 2
LONGEST_HEADERS = 100_000


class WriteOnlyText(UnfoldAdminTextareaWidget):  # type: ignore[misc]  # the library has no types
    """A field that takes text and never shows it, not even what was just refused."""

    def format_value(self, value: Any) -> str:  # noqa: ARG002  # Django passes it
        """Show nothing."""
        return ""


class McpServerForm(forms.ModelForm):  # type: ignore[type-arg]  # the class takes none while it runs
    """Takes headers beside the fields of the row."""

    headers = forms.CharField(
        required=False,
        max_length=LONGEST_HEADERS,
        widget=WriteOnlyText(attrs={"rows": 3, "autocomplete": "off", "spellcheck": "false"}),
        help_text=_(
            'JSON: {"Authorization": "Bearer …"}. Takes the place of all that were there; empty: they stay; '
            "{}: none. They are never shown."
        ),
    )

    class Meta:
        model = McpServer
        fields = ("slug", "display_name", "transport", "url", "is_active", "call_timeout_seconds")

    @sensitive_variables("text")
    def clean_headers(self) -> dict[str, str] | None:
        """Read them; None leaves them as they are."""
        text = self.cleaned_data["headers"].strip()
        if not text:
            return None
        try:
            headers = json.loads(text)
        except (ValueError, RecursionError):
            raise ValidationError(_("This is not JSON.")) from None
        return require_headers(headers)

    def clean(self) -> dict[str, Any]:
        """Let headers go to a new address only when they are entered for it."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        is_elsewhere = "url" in self.changed_data and self.instance.header_names
        if is_elsewhere and cleaned.get("headers") is None and "headers" not in self.errors:
            self.add_error("headers", _("The address is new: enter its headers again, or {} for none."))
        return cleaned


class ToolsOfServer(TabularInline):  # type: ignore[misc]  # the library has no types
    """What the server offers; each tool has a page of its own."""

    model = AvailableTool
    fields = readonly_fields = ("tool_name", "display_name", "is_offered", "is_active", "is_public")
    extra = max_num = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002  # as above
        """Only the server adds any."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002  # as above
        """Nobody may, here."""
        return False


@admin.register(McpServer)
class McpServerAdmin(ModelAdmin):
    """Servers whose tools are in the catalogue; a new tool is for nobody until it is made public or given."""

    form = McpServerForm
    list_display = ("display_name", "slug", "transport", "is_active", "asked", "discovered_at")
    list_filter = ("is_active", "transport", "discovery_outcome")
    search_fields = ("slug", "display_name", "url")
    ordering = ("slug",)
    actions = ("discover",)
    inlines = (ToolsOfServer,)
    readonly_fields = ("header_names", "asked", "discovered_at", "created_at", "updated_at")
    fieldsets = (
        (None, {"fields": ("slug", "display_name", "is_active")}),
        (
            _("Connection"),
            {"fields": ("transport", "url", "headers", "header_names", "call_timeout_seconds")},
        ),
        (_("Discovery"), {"fields": (("asked", "discovered_at"),)}),
        (_("Record"), {"fields": (("created_at", "updated_at"),)}),
    )

    @column(_("tools"), colours={"found": "success", "default": "danger"}, empty="not asked yet")
    def asked(self, server: McpServer) -> str | None:
        """Say what came of asking it."""
        return server.discovery_error or server.discovery_outcome or None

    @admin.action(description=_("Ask for their tools now"), permissions=["change"])
    def discover(self, request: HttpRequest, servers: QuerySet[McpServer]) -> None:
        """Ask the chosen servers, a few at a time."""
        chosen = list(servers.active()[: MOST_ASKED_AT_ONCE + 1])  # type: ignore[attr-defined]
        if len(chosen) > MOST_ASKED_AT_ONCE:
            self.message_user(request, _("Choose at most %d servers.") % MOST_ASKED_AT_ONCE, WARNING)
            return
        for server in chosen:
            found = mcp_server_discover(server_id=server.pk, actor_id=user_of(request).pk)
            said = _("%(found)d tools, %(added)d new, %(gone)d gone, %(refused)d refused") % vars(found)
            told = f"{server}: {found.error or said}"
            self.message_user(request, told, WARNING if found.error else SUCCESS)

    def get_readonly_fields(self, request: HttpRequest, obj: McpServer | None = None) -> tuple[str, ...]:  # noqa: ARG002  # as above
        """Keep the name that its tools begin with."""
        return self.readonly_fields if obj is None else (*self.readonly_fields, "slug")

    def save_model(self, request: HttpRequest, obj: McpServer, form: Any, change: bool) -> None:  # noqa: ARG002, FBT001  # as above
        """Save it by its service, and have it asked."""
        mcp_server_save(server=obj, headers=form.cleaned_data["headers"], actor_id=user_of(request).pk)
        request_discovery(obj.pk)

    def delete_model(self, request: HttpRequest, obj: McpServer) -> None:
        """Take it away by its service."""
        self.delete_queryset(request, McpServer.objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[McpServer]) -> None:
        """Take the chosen ones away by their service."""
        mcp_servers_remove(servers=queryset, actor_id=user_of(request).pk)
