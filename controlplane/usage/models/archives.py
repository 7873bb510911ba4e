"""Months of the ledger that were moved out to files, and what they added up to."""

from decimal import Decimal

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class ArchivedMonth(models.Model):
    """One month of days whose calls are in a file. While its rows are there too, the sums count alone."""

    month = models.DateField(primary_key=True, editable=False, help_text=_("Its first day."))
    file_name = models.CharField(max_length=200, editable=False)
    sha256 = models.CharField(max_length=64, editable=False, help_text=_("Of the file as it is."))
    calls = models.PositiveBigIntegerField(editable=False)
    tokens = models.PositiveBigIntegerField(editable=False)
    cost = models.DecimalField(max_digits=24, decimal_places=9, editable=False, help_text=_("US dollars."))
    archived_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("archived month")
        verbose_name_plural = _("archived months")

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"


class ArchivedSum(models.Model):
    """What one session's, day's or key's calls of an archived month add up to, for totals made anew."""

    class Kind(models.TextChoices):
        """Whose sum it is."""

        SESSION = "session", _("session")
        COUNTER = "counter", _("daily counter")
        KEY_COUNTER = "key_counter", _("counter of a key")

    month = models.ForeignKey(ArchivedMonth, on_delete=models.CASCADE, related_name="sums", db_index=False)
    kind = models.CharField(max_length=20, choices=Kind)
    subject_id = models.CharField(max_length=36)
    tokens = models.PositiveBigIntegerField()
    cost = models.DecimalField(max_digits=18, decimal_places=9, default=Decimal(0))

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["month", "kind", "subject_id"], name="usage_archived_sum_once"),
        )
        indexes = (models.Index(fields=["kind", "subject_id"], name="usage_archived_sum_of"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_id}"
