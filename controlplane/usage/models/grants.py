"""What administrators add to a user's limits for one day or month, each time a row that stays."""

from decimal import Decimal

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from controlplane.usage.limits import Term

MOST_MESSAGES, MOST_TOKENS, MOST_DOLLARS = 1_000_000, 10**12, Decimal(100_000)


class UsageGrant(models.Model):
    """Messages, tokens and US dollars that were added to what one user's day or month allows."""

    class Kind(models.TextChoices):
        """A grant adds what it says; a reset adds what had been used, so that all of the limit is free."""

        GRANT = "grant", _("grant")
        RESET = "reset", _("reset")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="usage_grants", db_index=False
    )
    kind = models.CharField(max_length=5, choices=Kind, editable=False)
    term = models.CharField(max_length=5, choices=Term)
    starts_on = models.DateField(editable=False, help_text=_("The first day of the term."))
    messages = models.PositiveBigIntegerField(default=0, validators=[MaxValueValidator(MOST_MESSAGES)])
    tokens = models.PositiveBigIntegerField(default=0, validators=[MaxValueValidator(MOST_TOKENS)])
    cost = models.DecimalField(
        max_digits=18,
        decimal_places=9,
        default=Decimal(0),
        validators=[MinValueValidator(Decimal(0)), MaxValueValidator(MOST_DOLLARS)],
        help_text=_("US dollars."),
    )
    # No foreign key: what was granted stays when the administrator goes.
    granted_by_id = models.UUIDField(null=True, editable=False, help_text=_("Empty: the system itself."))
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = (
            models.CheckConstraint(name="usage_grant_not_negative", condition=models.Q(cost__gte=0)),
        )
        indexes = (
            models.Index(fields=["user", "term", "starts_on"], name="usage_grant_of_term"),
            models.Index(fields=["-created_at", "-id"], name="usage_grant_newest"),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.user_id} {self.get_term_display()} {self.starts_on}"
