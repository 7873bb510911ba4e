"""Writes the catalogue, and what a change of it means for the users' tools of that name."""

from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from controlplane.audit.comparison import ADDED, REMOVED, differences, state_of
from controlplane.audit.models import Action
from controlplane.audit.record import entries_add, entry_add
from controlplane.tools.models import AvailableTool, UserTool
from controlplane.tools.schemas import secret_names
from controlplane.tools.secrets import put_secrets, readable_secrets, split

RECORDED: Final = (
    "is_active",
    "is_offered",
    "is_public",
    "is_on_by_default",
    "requires_approval",
    "only_reads",
    "default_rate_limit",
    "default_rate_limit_period",
    "category",
    "display_name",
    "description",
    "config_schema",
    "input_schema",
)


def available_tool_save(*, tool: AvailableTool, actor_id: UUID | None = None) -> AvailableTool:
    """Add or change a tool, in one transaction. Raises ValidationError.

    Users' tools of its name become tied to it, and values that are secrets from now on are sealed.
    """
    with transaction.atomic():
        tool.full_clean()
        known = AvailableTool.objects.select_for_update().filter(pk=tool.pk).first()
        before = state_of(known, RECORDED) if known else {}
        tool.save()
        # Of texts and schemas, which may be long, that they changed.
        changes = differences(before, state_of(tool, RECORDED), concealed=RECORDED[-4:])
        if changes:
            entry_add(
                Action.TOOL_CHANGE, subject=tool, actor_id=actor_id, changes=changes if known else ADDED
            )
        of_this_name = UserTool.objects.filter(tool_name=tool.tool_name)
        of_this_name.filter(available_tool=None).update(available_tool=tool)
        _seal_shown_secrets(of_this_name, secret_names(tool.config_schema))
    return tool


def available_tools_switch(
    *, tools: QuerySet[AvailableTool], is_active: bool, actor_id: UUID | None = None
) -> int:
    """Switch tools on or off for everyone at once, in one transaction; returns how many it changed."""
    with transaction.atomic():
        chosen = _lock(tools.exclude(is_active=is_active))
        entries_add(
            Action.TOOL_CHANGE,
            subjects=[(tool, None) for tool in chosen],
            actor_id=actor_id,
            changes={"is_active": [not is_active, is_active]},
        )
        return AvailableTool.objects.filter(pk__in=[tool.pk for tool in chosen]).update(is_active=is_active)


def available_tools_remove(*, tools: QuerySet[AvailableTool], actor_id: UUID | None = None) -> None:
    """Take tools off the catalogue, in one transaction."""
    with transaction.atomic():
        chosen = _lock(tools)
        subjects = [(tool, None) for tool in chosen]
        entries_add(Action.TOOL_CHANGE, subjects=subjects, actor_id=actor_id, changes=REMOVED)
        AvailableTool.objects.filter(pk__in=[tool.pk for tool in chosen]).delete()


def _lock(tools: QuerySet[AvailableTool]) -> list[AvailableTool]:
    named = AvailableTool.objects.filter(pk__in=tools.values("pk"))
    return list(named.select_for_update().order_by("pk"))


def _seal_shown_secrets(tools: QuerySet[UserTool], names: set[str]) -> None:
    if not names:
        return
    shown = tools.filter(configuration__has_any_keys=sorted(names)).order_by("pk")
    for tool in shown.select_for_update(no_key=True).iterator(chunk_size=500):
        parts = split(tool.configuration, names)
        tool.configuration = parts.plain
        put_secrets(tool, {**parts.secrets, **readable_secrets(tool)})
        tool.save()
