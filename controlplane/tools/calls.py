"""Permits tool calls one by one, counts them, and notes how they ended (docs/contracts.md, section 3b)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from controlplane.errors import Conflict, Forbidden, NotFound
from controlplane.tools.house import house_means
from controlplane.tools.mcp.connection import connection_of
from controlplane.tools.models import AvailableTool, ToolCall, UserTool
from controlplane.tools.schemas import secret_names
from controlplane.tools.secrets import open_secrets
from controlplane.tools.selection import find_enabled
from controlplane.tools.services import counting_row
from controlplane.vault.box import Unreadable

Outcome = ToolCall.Outcome
# A model that asks again and again for what it may not have is not worth a row each time.
MOST_REFUSED_PER_RUN: Final = 50


@dataclass(frozen=True, kw_only=True)
class ToolCallRequest:
    """A tool call that wants to be made."""

    run_id: UUID
    attempt_id: UUID
    tool_call_id: str
    tool_name: str


@dataclass(frozen=True, kw_only=True)
class Payer:
    """Whose call it is: None for a developer in Studio, and for work outside of sessions."""

    user_id: UUID | None
    session_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class ToolPermit:
    """Leave for one tool call, with its configuration; the secrets are for that call alone."""

    attempt_id: UUID
    configuration: Mapping[str, Any]
    secrets: Mapping[str, Any] = field(repr=False)
    is_new: bool
    connection: Mapping[str, Any] | None = field(default=None, repr=False)


def tool_call_open(request: ToolCallRequest, *, payer: Payer) -> ToolPermit:
    """Count a use and note the call, both or neither; a repeat counts nothing. One transaction.

    The caller holds the lock of its run. Raises Forbidden `tool_disabled`, LimitReached, Conflict.
    """
    with transaction.atomic():
        is_new = not _is_known(request)
        tool = find_enabled(payer.user_id, request.tool_name)
        if tool is None:
            raise Forbidden("This tool is switched off.", code="tool_disabled")
        row = counting_row(owner_id=payer.user_id, available=tool) if payer.user_id is not None else None
        house = house_means(tool.tool_name)
        permit = ToolPermit(
            attempt_id=request.attempt_id,
            configuration={**_shown(row, tool), **house.configuration},
            secrets={**_secrets(row, tool), **house.secrets},
            is_new=is_new,
            connection=connection_of(tool),
        )
        if permit.is_new:
            _note(request, payer)
            # A counter is the last of all locks.
            if row is not None:
                row.consume()
    return permit


def tool_call_refuse(request: ToolCallRequest, *, payer: Payer) -> None:
    """Note a call that was refused, without counting it; of one run a bounded number. Repeats do no harm.

    The caller holds the lock of its run, in its transaction.
    """
    refused = ToolCall.objects.filter(run_id=request.run_id, outcome=Outcome.REFUSED)
    if refused.count() >= MOST_REFUSED_PER_RUN:
        return
    row = _row(request, payer, outcome=Outcome.REFUSED, ended_at=timezone.now())
    ToolCall.objects.bulk_create([row], ignore_conflicts=True)


def tool_call_end(*, run_id: UUID, attempt_id: UUID, outcome: str, duration_ms: int) -> None:
    """Note how a call ended; what was said first stays. Raises NotFound for a call that was not permitted."""
    calls = ToolCall.objects.filter(pk=attempt_id, run_id=run_id)
    # Its word may come after the run was settled without it.
    unsaid = calls.filter(outcome__in=(Outcome.PENDING, Outcome.UNKNOWN))
    ended = unsaid.update(outcome=outcome, duration_ms=duration_ms, ended_at=timezone.now())
    if not ended and not calls.exists():
        raise NotFound("There is no such tool call.", code="tool_call_not_found")


def tool_calls_abandon(*, run_id: UUID) -> int:
    """Note that nothing was heard of the end of a run's open calls; returns how many there were."""
    still_open = ToolCall.objects.filter(run_id=run_id, outcome=Outcome.PENDING)
    return still_open.update(outcome=Outcome.UNKNOWN, ended_at=timezone.now())


def _is_known(request: ToolCallRequest) -> bool:
    known = ToolCall.objects.filter(pk=request.attempt_id).first()
    if known is None:
        return False
    if (known.run_id, known.tool_name) != (request.run_id, request.tool_name):
        raise Conflict("This id belongs to another call.", code="tool_call_id_taken")
    return known.outcome != Outcome.REFUSED


def _note(request: ToolCallRequest, payer: Payer) -> None:
    """Write the row of a permitted call; asked for again, a refused one takes up its row."""
    of_call = ToolCall.objects.filter(pk=request.attempt_id, outcome=Outcome.REFUSED)
    if not of_call.update(outcome=Outcome.PENDING, ended_at=None):
        _row(request, payer).save(force_insert=True)


def _row(request: ToolCallRequest, payer: Payer, **fields: Any) -> ToolCall:
    return ToolCall(
        id=request.attempt_id,
        run_id=request.run_id,
        user_id=payer.user_id,
        session_id=payer.session_id,
        tool_name=request.tool_name,
        tool_call_id=request.tool_call_id,
        **fields,
    )


def _shown(row: UserTool | None, tool: AvailableTool) -> dict[str, Any]:
    if row is None:
        return {}
    names = secret_names(tool.config_schema)
    return {name: value for name, value in row.configuration.items() if name not in names}


def _secrets(row: UserTool | None, tool: AvailableTool) -> dict[str, Any]:
    """Open what the tool needs, and no more than its schema names."""
    names = secret_names(tool.config_schema)
    if row is None or not names:
        return {}
    try:
        opened = open_secrets(row)
    except Unreadable as error:
        raise Conflict(
            "The secrets of this tool cannot be read any more. Enter them again.",
            code="tool_secrets_unreadable",
        ) from error
    return {name: value for name, value in opened.items() if name in names}
