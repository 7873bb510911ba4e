"""Which tool calls wait for their user's word, and what the word was."""

import uuid
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

LONGEST_REASON = 1_000
LARGEST_ARGUMENTS = 20_000


class Status(models.TextChoices):
    """Pending until its user decides, its time is over, or a new message makes it pointless."""

    PENDING = "pending", _("pending")
    APPROVED = "approved", _("approved")
    EDITED = "edited", _("edited")
    REJECTED = "rejected", _("rejected")
    EXPIRED = "expired", _("expired")
    WITHDRAWN = "withdrawn", _("withdrawn")


class ToolApprovalQuerySet(models.QuerySet["ToolApproval"]):
    """The words in which approvals are asked for."""

    def owned_by(self, user_id: uuid.UUID | None) -> Self:
        """Keep those of one user; None is a developer in Studio."""
        return self.filter(user_id=user_id)

    def existing(self) -> Self:
        """Leave out what belongs to sessions that are being deleted."""
        return self.exclude(session__deleted_at__isnull=False)

    def pending(self) -> Self:
        """Keep those nobody has decided."""
        return self.filter(status=Status.PENDING)

    def beside(self, approval: "ToolApproval") -> Self:
        """Keep those of the same answer of the model, in its order."""
        same = self.filter(thread_id=approval.thread_id, message_id=approval.message_id)
        return same.order_by("position", "pk")

    def expire(self) -> int:
        """Close those whose time is over; returns how many."""
        return self.pending().filter(expires_at__lte=timezone.now()).update(status=Status.EXPIRED)


class ToolApproval(models.Model):
    """One tool call that needs leave; its id follows from thread, message and place, and outlives its run."""

    id = models.UUIDField(primary_key=True, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="tool_approvals"
    )
    # Arguments are content: they go with the session.
    session = models.ForeignKey(
        "chat.ChatSession", null=True, on_delete=models.CASCADE, related_name="tool_approvals"
    )
    thread_id = models.UUIDField()
    run_id = models.UUIDField(help_text=_("The run that asked."))
    message_id = models.CharField(max_length=200)
    position = models.PositiveSmallIntegerField(help_text=_("Among the approvals of its message."))
    tool_name = models.CharField(max_length=64)
    arguments = models.JSONField(default=dict)
    arguments_hash = models.CharField(max_length=64, help_text=_("Of what may run."))
    edited_arguments = models.JSONField(null=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    reason = models.CharField(max_length=LONGEST_REASON, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    redeemed_by = models.UUIDField(null=True, help_text=_("The one attempt that may run it."))
    resume_claimed_at = models.DateTimeField(null=True)
    resumed_run_id = models.UUIDField(null=True)

    objects: ClassVar[ToolApprovalQuerySet] = ToolApprovalQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("tool approval")
        verbose_name_plural = _("tool approvals")
        indexes = (
            models.Index(fields=["user", "-created_at", "-id"], name="approvals_of_user"),
            models.Index(fields=["thread_id", "message_id"], name="approvals_of_message"),
            models.Index(
                fields=["expires_at"], name="approvals_waiting", condition=models.Q(status=Status.PENDING)
            ),
            models.Index(
                fields=["resume_claimed_at"],
                name="approvals_to_resume",
                condition=models.Q(resume_claimed_at__isnull=False, resumed_run_id=None),
            ),
        )
        constraints = (
            models.CheckConstraint(
                name="approval_status_known", condition=models.Q(status__in=Status.values)
            ),
        )

    def __str__(self) -> str:
        return f"{self.tool_name} ({self.status})"

    @property
    def runs_with(self) -> dict[str, object]:
        """Give the arguments that may run."""
        chosen: dict[str, object] = self.arguments if self.edited_arguments is None else self.edited_arguments
        return chosen
