"""What the house decides about single users' tools: to give one, to limit one, to take back a choice."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from controlplane.audit.comparison import differences, state_of
from controlplane.audit.models import Action
from controlplane.audit.record import entry_add
from controlplane.tools.models import AvailableTool, UserTool
from controlplane.tools.services import counting_row, user_tool_forget

RECORDED: Final = ("is_enabled", "follows_default", "rate_limit", "rate_limit_period")


def user_tool_grant(
    *,
    user_id: UUID,
    available: AvailableTool,
    is_enabled: bool,
    rate_limit: int | None,
    rate_limit_period: str,
    actor_id: UUID | None = None,
) -> UserTool:
    """Give a user a tool, also one that is not public, in one transaction.

    Without a limit of their own (None) the catalogue's holds. Given again, it changes what was given; their
    configuration stays. Raises ValidationError.
    """
    with transaction.atomic():
        row = counting_row(owner_id=user_id, available=available)
        return user_tool_limit(
            tool_id=row.pk,
            is_enabled=is_enabled,
            rate_limit=rate_limit,
            rate_limit_period=rate_limit_period,
            actor_id=actor_id,
        )


def user_tool_limit(
    *,
    tool_id: UUID,
    is_enabled: bool,
    rate_limit: int | None,
    rate_limit_period: str,
    actor_id: UUID | None = None,
) -> UserTool:
    """Switch a user's tool and limit it, in one transaction. Raises ValidationError."""
    with transaction.atomic():
        tool = UserTool.objects.select_for_update(no_key=True).get(pk=tool_id)
        before = state_of(tool, RECORDED)
        tool.is_enabled, tool.follows_default = is_enabled, False
        tool.rate_limit, tool.rate_limit_period = rate_limit, rate_limit_period
        tool.full_clean(validate_unique=False, validate_constraints=False)
        tool.save()
        if changes := differences(before, state_of(tool, RECORDED)):
            _note(tool, actor_id, changes)
    return tool


def user_tools_forget(*, tools: QuerySet[UserTool], actor_id: UUID | None = None) -> int:
    """Give tools back to the house's default, in one transaction; returns how many were chosen."""
    with transaction.atomic():
        of_them = UserTool.objects.chosen().filter(pk__in=tools.values("pk")).order_by("pk")
        chosen = list(of_them.select_for_update(no_key=True))
        for tool in chosen:
            user_tool_forget(tool=tool)
            _note(tool, actor_id, {"follows_default": [False, True]})
    return len(chosen)


def _note(tool: UserTool, actor_id: UUID | None, changes: Mapping[str, Any]) -> None:
    entry_add(Action.TOOL_CHANGE, subject=tool, actor_id=actor_id, concerns_id=tool.user_id, changes=changes)
