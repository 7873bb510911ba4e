"""Asks users for leave on behalf of live runs (docs/contracts.md, section 3c)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from controlplane.approvals.fingerprint import arguments_hash
from controlplane.approvals.models import LARGEST_ARGUMENTS, Status, ToolApproval
from controlplane.errors import Conflict, Invalid
from controlplane.tools.json_bounds import require_bounded


@dataclass(frozen=True, kw_only=True)
class AskedCall:
    """A tool call that needs leave."""

    approval_id: UUID
    tool_name: str
    arguments: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Asker:
    """The run that asks; without a user it is Studio's."""

    run_id: UUID
    thread_id: UUID
    user_id: UUID | None
    session_id: UUID | None


def approvals_ask(*, asker: Asker, message_id: str, calls: Sequence[AskedCall]) -> list[ToolApproval]:
    """Ask for leave for the calls of one message, in its order; a repeat changes nothing. One transaction.

    What was asked first stays: arguments that were changed since do not get leave. Raises Invalid, Conflict.
    """
    for call in calls:
        require_arguments(call.arguments)
    expires_at = timezone.now() + timedelta(hours=settings.APPROVAL_EXPIRES_HOURS)
    with transaction.atomic():
        ToolApproval.objects.bulk_create(
            [
                ToolApproval(
                    id=call.approval_id,
                    user_id=asker.user_id,
                    session_id=asker.session_id,
                    thread_id=asker.thread_id,
                    run_id=asker.run_id,
                    message_id=message_id,
                    position=position,
                    tool_name=call.tool_name,
                    arguments=call.arguments,
                    arguments_hash=arguments_hash(call.arguments),
                    expires_at=expires_at,
                )
                for position, call in enumerate(calls)
            ],
            ignore_conflicts=True,
        )
        asked = ToolApproval.objects.owned_by(asker.user_id).filter(
            thread_id=asker.thread_id, pk__in=[call.approval_id for call in calls]
        )
        asked.expire()
        found = {approval.pk: approval for approval in asked}
    if any(call.approval_id not in found for call in calls):
        raise Conflict("This id belongs to another approval.", code="approval_id_taken")
    return [found[call.approval_id] for call in calls]


def approvals_withdraw(*, thread_id: UUID, user_id: UUID | None) -> int:
    """Close what waits on a thread that goes on without an answer; returns how many."""
    waiting = ToolApproval.objects.owned_by(user_id).filter(thread_id=thread_id).pending()
    return waiting.update(status=Status.WITHDRAWN, decided_at=timezone.now())


def approvals_outdate(*, thread_id: UUID, run_id: UUID, before: datetime) -> int:
    """Close what waits from before a turn that is over, whose message stood in line when it was asked.

    What that turn asked itself waits on. Returns how many.
    """
    older = ToolApproval.objects.filter(thread_id=thread_id, created_at__lt=before).exclude(run_id=run_id)
    return older.pending().update(status=Status.WITHDRAWN, decided_at=timezone.now())


def require_arguments(arguments: dict[str, Any]) -> None:
    """Refuse arguments that are too large or cannot be kept. Raises Invalid."""
    try:
        require_bounded(arguments, most_characters=LARGEST_ARGUMENTS)
    except ValidationError as error:
        raise Invalid(
            "These arguments cannot be kept.", fields={"arguments": [str(word) for word in error.messages]}
        ) from error
