"""Exports: what a user asked for, how far its making got, and until when the file is there."""

import uuid
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7


class AccountExportQuerySet(models.QuerySet["AccountExport"]):
    """The words in which exports are asked for."""

    def owned_by(self, user_id: uuid.UUID) -> Self:
        """Keep one user's exports; another user's export is not found."""
        return self.filter(user_id=user_id)

    def live(self) -> Self:
        """Keep those that are being made, or soon will be."""
        return self.filter(status__in=AccountExport.LIVE)

    def unclaimed(self) -> Self:
        """Keep those that no worker is at."""
        return self.filter(Q(claimed_until=None) | Q(claimed_until__lt=Now()))


class AccountExport(models.Model):
    """All that is kept of one user, as one file."""

    class Status(models.TextChoices):
        """Pending until a worker begins."""

        PENDING = "pending", _("pending")
        RUNNING = "running", _("running")
        READY = "ready", _("ready")
        FAILED = "failed", _("failed")
        EXPIRED = "expired", _("expired")

    LIVE: ClassVar = (Status.PENDING, Status.RUNNING)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="exports", editable=False
    )
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING, editable=False)
    pieces_done = models.PositiveIntegerField(default=0, editable=False)
    pieces_total = models.PositiveIntegerField(
        null=True, editable=False, help_text=_("Unknown until a worker has begun.")
    )
    size_bytes = models.PositiveBigIntegerField(default=0, editable=False, help_text=_("Of what is there."))
    counts = models.JSONField(default=dict, editable=False, help_text=_("Rows by table."))
    error_code = models.CharField(max_length=100, blank=True, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    claimed_until = models.DateTimeField(
        null=True, editable=False, help_text=_("How long other workers leave it alone.")
    )
    finished_at = models.DateTimeField(null=True, editable=False)
    expires_at = models.DateTimeField(null=True, editable=False)

    objects: ClassVar[AccountExportQuerySet] = AccountExportQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        indexes = (
            models.Index(fields=["user", "-created_at", "-id"], name="takeout_of_user"),
            models.Index(fields=["-created_at", "-id"], name="takeout_newest"),
            models.Index(
                fields=["expires_at"], name="takeout_expiring", condition=Q(expires_at__isnull=False)
            ),
        )
        constraints = (
            models.UniqueConstraint(
                fields=["user"], name="takeout_one_live", condition=Q(status__in=["pending", "running"])
            ),
        )

    def __str__(self) -> str:
        return f"{self.pk} ({self.status})"
