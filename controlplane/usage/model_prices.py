"""Prices that the house keeps itself, each from a moment on; a price that has begun is never changed."""

from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

# With it the dearest call that the ledger can hold still fits into its columns.
HIGHEST_RATE = Decimal(100_000)


RATE_BOUNDS = (MinValueValidator(Decimal(0)), MaxValueValidator(HIGHEST_RATE))


class ModelPrice(models.Model):
    """What a model's tokens cost from a moment on, until a later row says otherwise."""

    id = models.BigAutoField(primary_key=True)
    model_name = models.CharField(max_length=200)
    provider = models.CharField(
        max_length=100, blank=True, help_text=_("Empty: any provider. A row with the provider goes first.")
    )
    input_mtok = models.DecimalField(
        max_digits=12,
        decimal_places=6,
        validators=RATE_BOUNDS,
        help_text=_("US dollars per million prompt tokens."),
    )
    cached_input_mtok = models.DecimalField(
        max_digits=12,
        decimal_places=6,
        validators=RATE_BOUNDS,
        null=True,
        blank=True,
        help_text=_("Per million prompt tokens that the provider had cached. Empty: as any."),
    )
    output_mtok = models.DecimalField(
        max_digits=12,
        decimal_places=6,
        validators=RATE_BOUNDS,
        help_text=_("US dollars per million completion tokens."),
    )
    valid_from = models.DateTimeField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["model_name", "provider", "valid_from"], name="usage_price_model_provider_from"
            ),
            models.CheckConstraint(
                name="usage_price_not_negative",
                condition=models.Q(input_mtok__gte=0, output_mtok__gte=0)
                & (models.Q(cached_input_mtok__isnull=True) | models.Q(cached_input_mtok__gte=0)),
            ),
        )

    def __str__(self) -> str:
        return f"{self.model_name} from {self.valid_from:%Y-%m-%d %H:%M}"
