"""Sees to it that one run goes on with the calls of a message, also where the first to start it dies."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from controlplane.approvals.models import Status, ToolApproval

# A claim whose holder died is free again after this: somewhat longer than starting a run may take.
CLAIM_LASTS: Final = timedelta(seconds=20)
# What could not be resumed for so long is left to its user.
GIVE_UP_AFTER: Final = timedelta(days=1)


def resume_claim(approval: ToolApproval) -> bool:
    """Take it upon oneself to start the run that goes on; False where another has, or nothing waits for one.

    One transaction, or the caller's. The time is the database's, as that of a run's admission.
    """
    with transaction.atomic():
        group = ToolApproval.objects.beside(approval)
        list(group.select_for_update().values_list("pk"))
        taken = (
            Q(status__in=(Status.PENDING, Status.WITHDRAWN))
            | Q(redeemed_by__isnull=False)
            | Q(resumed_run_id__isnull=False)
            | Q(resume_claimed_at__gt=Now() - CLAIM_LASTS)
        )
        if group.filter(taken).exists():
            return False
        return bool(group.update(resume_claimed_at=Now()))


def resume_note(approval: ToolApproval, *, run_id: UUID) -> None:
    """Note which run goes on."""
    ToolApproval.objects.beside(approval).update(resumed_run_id=run_id)


def resume_give_up(approval: ToolApproval) -> None:
    """Leave it to the user, who may decide the same again: nobody else tries."""
    ToolApproval.objects.beside(approval).update(resume_claimed_at=None)


def abandoned_claims(*, limit: int) -> list[ToolApproval]:
    """Give one approval of each message whose run should go on and was not seen to, in no order."""
    abandoned = ToolApproval.objects.existing().filter(
        resume_claimed_at__lte=Now() - CLAIM_LASTS,
        resumed_run_id=None,
        user__is_active=True,
        decided_at__gt=Now() - GIVE_UP_AFTER,
    )
    found = abandoned.select_related("user").order_by("?")[:limit]
    return list({(one.thread_id, one.message_id): one for one in found}.values())
