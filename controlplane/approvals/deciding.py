"""Takes users' decisions about tool calls: the first counts, and the last of a message resumes its run."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from controlplane.approvals.asking import require_arguments
from controlplane.approvals.claims import resume_claim
from controlplane.approvals.fingerprint import arguments_hash
from controlplane.approvals.models import Status, ToolApproval
from controlplane.audit.models import Action
from controlplane.audit.record import entry_add
from controlplane.errors import Conflict, Invalid, NotFound

STATUS_OF: Final = {"approve": Status.APPROVED, "edit": Status.EDITED, "reject": Status.REJECTED}


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What a user says of one call; `arguments` with `edit` alone."""

    type: str
    arguments: dict[str, Any] | None = None
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Decided:
    """An approval as it is now; `resumes` says that the caller has to start the run that goes on."""

    approval: ToolApproval
    resumes: bool


def approval_decide(*, approval_id: UUID, user_id: UUID, decision: Decision) -> Decided:
    """Decide a pending approval, in one transaction; the same word said again changes nothing.

    Raises NotFound, Invalid, Conflict `approval_expired` or `approval_decided`.
    """
    _require_fitting(decision)
    own = ToolApproval.objects.owned_by(user_id).existing()
    with transaction.atomic():
        approval = own.filter(pk=approval_id).first()
        if approval is None:
            raise NotFound("There is no such approval.")
        group = ToolApproval.objects.beside(approval)
        # In one order for all: those who decide at once wait for each other here.
        list(group.select_for_update().values_list("pk"))
        group.expire()
        changed = _decide(approval, decision)
        approval.refresh_from_db()
        # Raised outside, so that the expiry stays.
        fault = None if changed else _fault(approval, decision)
        resumes = fault is None and not group.pending().exists() and resume_claim(approval)
    if fault is not None:
        raise fault
    return Decided(approval=approval, resumes=resumes)


def approvals_answer(*, thread_id: UUID, user_id: UUID | None, decisions: Sequence[Decision]) -> None:
    """Take the decisions that a plain resume carries, in the order of the calls, and the resume with them.

    Part of admission's transaction, under its session's lock. What was decided before stays. Raises Invalid,
    Conflict `approval_decided` where another run goes on with these calls.
    """
    own = ToolApproval.objects.owned_by(user_id).filter(thread_id=thread_id)
    latest = own.order_by("-created_at", "-pk").first()
    if latest is None or not decisions:
        return
    group = list(own.beside(latest).select_for_update())
    if len(group) != len(decisions):
        raise Invalid(
            "Each call needs one decision.", fields={"command": [f"{len(group)} decisions are needed."]}
        )
    for decision in decisions:
        _require_fitting(decision)
    own.beside(latest).expire()
    for approval, decision in zip(group, decisions, strict=True):
        _decide(approval, decision)
    if not resume_claim(latest):
        raise Conflict("This was decided before.", code="approval_decided")


def _decide(approval: ToolApproval, decision: Decision) -> bool:
    changes: dict[str, Any] = {"status": STATUS_OF[decision.type], "reason": decision.reason}
    if decision.type == "edit" and decision.arguments is not None:
        changes |= {
            "edited_arguments": decision.arguments,
            "arguments_hash": arguments_hash(decision.arguments),
        }
    now = timezone.now()
    still_open = ToolApproval.objects.filter(pk=approval.pk, expires_at__gt=now).pending()
    if not still_open.update(decided_at=now, **changes):
        return False
    entry_add(
        Action.APPROVAL_DECIDE,
        subject=approval,
        actor_id=approval.user_id,
        concerns_id=approval.user_id,
        changes={"status": [Status.PENDING, changes["status"]]},
    )
    return True


def _fault(approval: ToolApproval, decision: Decision) -> Conflict | None:
    if approval.status == Status.EXPIRED:
        return Conflict("The time to decide is over.", code="approval_expired")
    is_repeat = approval.status == STATUS_OF[decision.type] and (
        decision.type != "edit" or approval.edited_arguments == decision.arguments
    )
    return None if is_repeat else Conflict("This was decided before.", code="approval_decided")


def _require_fitting(decision: Decision) -> None:
    if decision.type not in STATUS_OF:
        raise Invalid("There is no such decision.", fields={"decision": ["approve, edit or reject."]})
    if (decision.type == "edit") != (decision.arguments is not None):
        raise Invalid("Arguments go with edit.", fields={"arguments": ["With edit, and only then."]})
    if decision.arguments is not None:
        require_arguments(decision.arguments)
