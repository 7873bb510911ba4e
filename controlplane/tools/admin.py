"""Tools in the back office: the catalogue is kept here, users' tools are given, calls are shown."""

from typing import Any

from django.contrib import admin
from django.contrib.messages import SUCCESS
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from controlplane.accounts.callers import user_of
from controlplane.backoffice.columns import column
from controlplane.backoffice.pages import LargeTableAdmin, ModelAdmin, ShownOnlyAdmin
from controlplane.tools.catalogue import available_tool_save, available_tools_remove, available_tools_switch
from controlplane.tools.grants import user_tool_grant, user_tool_limit, user_tools_forget
from controlplane.tools.mcp.pages import McpServerAdmin
from controlplane.tools.models import AvailableTool, ToolCall, UserTool

__all__ = ["AvailableToolAdmin", "McpServerAdmin", "ToolCallAdmin", "UserToolAdmin"]


@admin.register(AvailableTool)
class AvailableToolAdmin(ModelAdmin):
    """The catalogue: what is switched off here is off for everyone at once."""

    list_display = ("display_name", "tool_name", "category", "is_active", "is_public", "limit", "updated_at")
    list_filter = ("is_active", "is_public", "category", "requires_approval")
    search_fields = ("tool_name", "display_name", "description")
    ordering = ("tool_name",)
    actions = ("switch_on", "switch_off")
    list_select_related = ("mcp_server",)
    readonly_fields = ("mcp_server", "remote_name", "is_offered", "input_schema", "created_at", "updated_at")
    fieldsets = (
        (None, {"fields": ("tool_name", "display_name", "description", "category")}),
        (
            _("Who may use it"),
            {"fields": ("is_active", "is_public", "is_on_by_default", "requires_approval", "only_reads")},
        ),
        (_("How often"), {"fields": (("default_rate_limit", "default_rate_limit_period"),)}),
        (_("Configuration"), {"fields": ("config_schema",)}),
        (_("MCP server"), {"fields": (("mcp_server", "remote_name", "is_offered"), "input_schema")}),
        (_("Record"), {"fields": (("created_at", "updated_at"),)}),
    )

    @column(_("limit"), ordering="default_rate_limit", empty="none")
    def limit(self, tool: AvailableTool) -> str | None:
        """Show it in one word."""
        return str(tool.rate_limit) if tool.rate_limit else None

    @admin.action(description=_("Switch on"), permissions=["change"])
    def switch_on(self, request: HttpRequest, tools: QuerySet[AvailableTool]) -> None:
        """Let everyone use the chosen tools again."""
        self._switch(request, tools, is_active=True)

    @admin.action(description=_("Switch off for everyone"), permissions=["change"])
    def switch_off(self, request: HttpRequest, tools: QuerySet[AvailableTool]) -> None:
        """Let nobody use the chosen tools, from the next call on."""
        self._switch(request, tools, is_active=False)

    def get_readonly_fields(self, request: HttpRequest, obj: AvailableTool | None = None) -> tuple[str, ...]:  # noqa: ARG002  # Django passes it
        """Keep the name that graphs and users' tools know it by, and what its server says of it."""
        if obj is None:
            return self.readonly_fields
        told = ("description",) if obj.mcp_server_id is not None else ()
        return (*self.readonly_fields, "tool_name", *told)

    def save_model(self, request: HttpRequest, obj: AvailableTool, form: Any, change: bool) -> None:  # noqa: ARG002, FBT001  # as above
        """Save it by its service."""
        available_tool_save(tool=obj, actor_id=user_of(request).pk)

    def delete_model(self, request: HttpRequest, obj: AvailableTool) -> None:
        """Take it off by its service."""
        self.delete_queryset(request, AvailableTool.objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[AvailableTool]) -> None:
        """Take the chosen ones off by their service."""
        available_tools_remove(tools=queryset, actor_id=user_of(request).pk)

    def _switch(self, request: HttpRequest, tools: QuerySet[AvailableTool], *, is_active: bool) -> None:
        count = available_tools_switch(tools=tools, is_active=is_active, actor_id=user_of(request).pk)
        self.message_user(
            request, ngettext("%d tool was switched.", "%d tools were switched.", count) % count, SUCCESS
        )


@admin.register(UserTool)
class UserToolAdmin(LargeTableAdmin[UserTool]):
    """What users made of their tools; a tool can be given and limited here, configured by its user alone."""

    # What users entered is theirs.
    content_fields = ("configuration",)
    list_display = ("tool_name", "user", "stands", "limit", "usage_count", "last_used_at")
    list_select_related = ("user", "available_tool")
    list_filter = ("is_enabled", "follows_default", "available_tool")
    search_fields = ("tool_name", "user__email")
    search_help_text = _("Tool or e-mail address")
    autocomplete_fields = ("user",)
    ordering = ("-created_at",)
    actions = ("forget",)
    given = ("is_enabled", "rate_limit", "rate_limit_period")
    shown = (
        "user",
        "tool_name",
        "available_tool",
        "stands",
        "configuration",
        "secrets",
        "usage_count",
        "last_used_at",
        "created_at",
        "updated_at",
    )

    @column(_("state"), colours={"on": "success", "off": "danger", "default": "info"})
    def stands(self, tool: UserTool) -> str:
        """Say in one word what the user chose."""
        if tool.follows_default:
            return "default"
        return "on" if tool.is_enabled else "off"

    @column(_("limit"), empty="none")
    def limit(self, tool: UserTool) -> str | None:
        """Show what holds for the user."""
        return str(tool.effective_rate_limit) if tool.effective_rate_limit else None

    @column(_("secrets"), empty="none")
    def secrets(self, tool: UserTool) -> str | None:
        """Name those that are set."""
        return ", ".join(tool.secret_names) or None

    @admin.action(description=_("Give back to the house's default"), permissions=["change"])
    def forget(self, request: HttpRequest, tools: QuerySet[UserTool]) -> None:
        """Undo what was chosen and configured; what was counted stays."""
        count = user_tools_forget(tools=tools, actor_id=user_of(request).pk)
        self.message_user(
            request, ngettext("Done for %d tool.", "Done for %d tools.", count) % count, SUCCESS
        )

    def get_fields(self, request: HttpRequest, obj: UserTool | None = None) -> tuple[str, ...]:  # noqa: ARG002  # Django passes it
        """Ask for whom and what when a tool is given; show the rest afterwards."""
        return ("user", "available_tool", *self.given) if obj is None else (*self.given, *self.shown)

    def get_readonly_fields(self, request: HttpRequest, obj: UserTool | None = None) -> tuple[str, ...]:  # noqa: ARG002  # as above
        """Let nothing be changed but what an administrator gives."""
        return () if obj is None else self.shown

    def get_form(self, request: HttpRequest, obj: UserTool | None = None, **kwargs: Any) -> Any:
        """Take a tool of the catalogue alone."""
        form = super().get_form(request, obj, **kwargs)
        if "available_tool" in form.base_fields:
            form.base_fields["available_tool"].required = True
        return form

    def save_model(self, request: HttpRequest, obj: UserTool, form: Any, change: bool) -> None:  # noqa: FBT001  # as above
        """Give it by its service."""
        if change:
            user_tool_limit(
                tool_id=obj.pk,
                is_enabled=obj.is_enabled,
                rate_limit=obj.rate_limit,
                rate_limit_period=obj.rate_limit_period,
                actor_id=user_of(request).pk,
            )
            return
        granted = user_tool_grant(
            user_id=obj.user_id,
            available=form.cleaned_data["available_tool"],
            is_enabled=obj.is_enabled,
            rate_limit=obj.rate_limit,
            rate_limit_period=obj.rate_limit_period,
            actor_id=user_of(request).pk,
        )
        obj.pk = granted.pk

    def has_delete_permission(self, request: HttpRequest, obj: UserTool | None = None) -> bool:  # noqa: ARG002  # as above
        """Nobody may: with the row its count would go; see the action."""
        return False


@admin.register(ToolCall)
class ToolCallAdmin(ShownOnlyAdmin[ToolCall]):
    """Who used which tool, when and with what outcome."""

    # A session is named by its title.
    content_fields = ("session",)
    list_display = ("created_at", "tool_name", "user", "ended", "took")
    list_select_related = ("user",)
    list_filter = ("outcome", "created_at")
    search_fields = ("id", "run__id", "tool_name", "user__email")
    search_help_text = _("Id of the call or its run, tool or e-mail address")
    ordering = ("-created_at", "-id")

    @column(
        _("outcome"),
        ordering="outcome",
        colours={
            "pending": "info",
            "finished": "success",
            "failed": "danger",
            "cancelled": "warning",
            "refused": "warning",
        },
    )
    def ended(self, call: ToolCall) -> str:
        """Show the outcome in its colour."""
        return call.outcome

    @column(_("took"), ordering="duration_ms")
    def took(self, call: ToolCall) -> str | None:
        """Show how long it ran."""
        return f"{call.duration_ms} ms" if call.duration_ms is not None else None
