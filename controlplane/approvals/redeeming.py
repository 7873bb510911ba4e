"""Turns an approval into leave for one tool call, once."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q

from controlplane.approvals.models import Status, ToolApproval
from controlplane.errors import Forbidden


@dataclass(frozen=True, kw_only=True)
class Redemption:
    """A call that says it was approved."""

    approval_id: UUID | None
    attempt_id: UUID
    thread_id: UUID | None
    user_id: UUID | None
    tool_name: str
    arguments_hash: str


def approval_redeem(redemption: Redemption) -> None:
    """Use an approval up for this attempt, by one conditional UPDATE; a repeat of the attempt is harmless.

    Raises Forbidden `approval_required`.
    """
    if redemption.approval_id is None or redemption.thread_id is None:
        raise _required()
    fitting = ToolApproval.objects.filter(
        Q(redeemed_by=None) | Q(redeemed_by=redemption.attempt_id),
        pk=redemption.approval_id,
        thread_id=redemption.thread_id,
        user_id=redemption.user_id,
        tool_name=redemption.tool_name,
        arguments_hash=redemption.arguments_hash,
        status__in=(Status.APPROVED, Status.EDITED),
    )
    if not fitting.update(redeemed_by=redemption.attempt_id):
        raise _required()


def _required() -> Forbidden:
    return Forbidden(
        "This call was not run: its user has not approved it as it is.", code="approval_required"
    )
