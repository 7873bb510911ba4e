"""Receipts: what a deletion has erased, by kind and number, and how far it is. Ids only, no content."""

import uuid
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7


class DeletionReceiptQuerySet(models.QuerySet["DeletionReceipt"]):
    """The words in which receipts are asked for."""

    def owned_by(self, user_id: uuid.UUID) -> Self:
        """Keep those of one user; another user's receipt is not found."""
        return self.filter(user_id=user_id)

    def of_accounts(self) -> Self:
        """Keep those of whole accounts."""
        return self.filter(kind=DeletionReceipt.Kind.ACCOUNT)

    def unfinished(self) -> Self:
        """Keep the deletions that have not been looked through again."""
        return self.filter(checked_at__isnull=True)


class DeletionReceipt(models.Model):
    """One deletion: of a conversation or of an account. It outlives both, as the bills do."""

    class Kind(models.TextChoices):
        """What was deleted."""

        SESSION = "session", _("session")
        ACCOUNT = "account", _("account")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=10, choices=Kind, editable=False)
    subject_id = models.UUIDField(editable=False, help_text=_("The id that was deleted."))
    # The row of a deleted account is its tombstone, so this never goes.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", editable=False
    )
    requested_at = models.DateTimeField(db_default=Now(), editable=False)
    erased_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text=_("When all of it was gone, as far as was seen.")
    )
    checked_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text=_("When a later look found nothing more.")
    )
    journalled_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text=_("When it was written outside of the database.")
    )
    counts = models.JSONField(default=dict, editable=False, help_text=_("How many were erased, by kind."))

    objects: ClassVar[DeletionReceiptQuerySet] = DeletionReceiptQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("deletion receipt")
        verbose_name_plural = _("deletion receipts")
        constraints = (models.UniqueConstraint(fields=["kind", "subject_id"], name="erasure_receipt_once"),)
        indexes = (
            models.Index(fields=["user", "-requested_at", "-id"], name="erasure_receipt_of_user"),
            models.Index(fields=["-requested_at", "-id"], name="erasure_receipt_recent"),
            models.Index(
                fields=["requested_at"],
                name="erasure_receipt_open",
                condition=models.Q(checked_at__isnull=True),
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.subject_id}"

    @property
    def state(self) -> str:
        """Say in one word how far it is: `erasing`, `looking_again` or `done`."""
        if self.checked_at is not None:
            return "done"
        return "erasing" if self.erased_at is None else "looking_again"
