"""The sidebar: every page that the reader may see, by what it is about and not by where its code is."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

# Apps that nobody has sorted yet are found under the last heading.
GROUPS: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (_("People"), ("accounts", "auth", "preferences", "provider_keys")),
    (_("Conversations"), ("chat", "runs", "documents", "feedback")),
    (_("Assistants"), ("language_models", "prompts", "tools")),
    (_("Usage and cost"), ("usage",)),
    (_("System"), ("audit", "erasure", "takeout", "upkeep")),
)
ICONS = {
    "accounts": "person",
    "auth": "groups",
    "preferences": "tune",
    "provider_keys": "key",
    "chat": "forum",
    "runs": "play_circle",
    "documents": "description",
    "feedback": "thumbs_up_down",
    "language_models": "neurology",
    "prompts": "edit_note",
    "tools": "build",
    "usage": "bar_chart",
    "audit": "policy",
    "erasure": "delete_forever",
    "takeout": "archive",
    "upkeep": "handyman",
}
ICONS_OF_MODELS = {
    "DailyCounter": "speed",
    "DeletedThread": "delete",
    "Invitation": "mail",
    "McpServer": "hub",
    "ModelPrice": "sell",
    "MonthlyCounter": "calendar_month",
    "PersonalToken": "vpn_key",
    "PersonalAccessToken": "vpn_key",
    "UsageGrant": "redeem",
}
ICON = "table_rows"
# Pages beside those of tables, by app: title, icon, name of the address, permission.
PAGES = {
    "usage": ((_("Usage report"), "monitoring", "admin:usage_tokenusage_report", "usage.view_tokenusage"),),
}


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """List the groups of pages that the caller may see; Unfold calls it for each page."""
    apps = {app["app_label"]: app for app in admin.site.get_app_list(request)}
    groups = [(heading, [apps.pop(label) for label in labels if label in apps]) for heading, labels in GROUPS]
    groups[-1][1].extend(apps.values())
    start = {"title": _("Overview"), "icon": "home", "link": reverse("admin:index")}
    shown = [
        {
            "title": heading,
            "separator": True,
            "items": [item for app in found for item in _items(request, app)],
        }
        for heading, found in groups
        if found
    ]
    return [{"items": [start]}, *shown]


def _items(request: HttpRequest, app: dict[str, Any]) -> list[dict[str, Any]]:
    pages = [
        {"title": title, "icon": icon, "link": reverse(name)}
        for title, icon, name, permission in PAGES.get(app["app_label"], ())
        if request.user.has_perm(permission)
    ]
    tables = [_item(app, model) for model in app["models"]]
    if any(page["link"] == request.path for page in pages):
        # Its address continues that of a table, which the library would mark as well.
        tables = [{**table, "active": False} for table in tables]
    return [*pages, *tables]


def _item(app: dict[str, Any], model: dict[str, Any]) -> dict[str, Any]:
    icon = ICONS_OF_MODELS.get(model["object_name"]) or ICONS.get(app["app_label"], ICON)
    name = str(model["name"])
    return {"title": name[:1].upper() + name[1:], "icon": icon, "link": model["admin_url"]}
