"""The list of language models that may be used; what is not on it is refused."""

from typing import ClassVar, Self

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

LONGEST_NAME = 200
# Names travel in headers, addresses and logs: printable characters without blanks around them.
NAME_PATTERN = r"\A[^\s\x00-\x1f\x7f](?:[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f])?\Z"


class AllowedModelQuerySet(models.QuerySet["AllowedModel"]):
    """The words in which models are asked for."""

    def active(self) -> Self:
        """Keep those that may be used."""
        return self.filter(is_active=True)

    def default(self) -> Self:
        """Keep the one that is taken where none is named; there may be none."""
        return self.active().filter(is_default=True)


class AllowedModel(models.Model):
    """A language model that the house knows; it may be used while it is active."""

    class PriceSource(models.TextChoices):
        """Where the price of its calls comes from; a price kept in the ledger goes before any of them."""

        GENAI_PRICES = "genai_prices", _("price table of genai-prices")
        HOUSE = "house", _("the house's own")
        NONE = "none", _("unknown")

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(
        max_length=LONGEST_NAME,
        unique=True,
        validators=[RegexValidator(NAME_PATTERN, _("Printable characters, no blanks around them."))],
        help_text=_("As it is sent to the provider."),
    )
    provider = models.CharField(
        max_length=100, blank=True, help_text=_("Whose model it is, by the id that genai-prices uses.")
    )
    display_name = models.CharField(max_length=200, blank=True, help_text=_("Empty: the name is shown."))

    supports_tools = models.BooleanField(default=True)
    supports_vision = models.BooleanField(default=False)
    supports_reasoning = models.BooleanField(default=False)
    context_length = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1)], help_text=_("Tokens. Empty: unknown.")
    )
    max_output_tokens = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1)], help_text=_("Tokens. Empty: unknown.")
    )
    price_source = models.CharField(max_length=20, choices=PriceSource, default=PriceSource.NONE)

    fallback = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="stands_in_for",
        help_text=_("Taken when its provider fails. Empty: none."),
    )

    is_active = models.BooleanField(default=False, help_text=_("Whether it may be used."))
    is_default = models.BooleanField(
        default=False, editable=False, help_text=_("Taken where no model is named. At most one is.")
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[AllowedModelQuerySet] = AllowedModelQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["is_default"],
                name="language_models_one_default",
                condition=models.Q(is_default=True),
            ),
            models.CheckConstraint(
                name="language_models_default_is_active",
                condition=models.Q(is_default=False) | models.Q(is_active=True),
                violation_error_message=_("The default is always active: first make another the default."),
            ),
        )

    def __str__(self) -> str:
        return self.title

    def clean(self) -> None:
        """Refuse a fallback that could not be taken, or that leads back here."""
        if self.fallback is None:
            return
        if not self.fallback.is_active:
            raise ValidationError({"fallback": _("It may not be used: activate it first.")})
        following: AllowedModel | None = self.fallback
        seen: set[int] = set()
        while following is not None and following.pk not in seen:
            if following.pk == self.pk or following.name == self.name:
                raise ValidationError({"fallback": _("It leads back to this model.")})
            seen.add(following.pk)
            following = following.fallback

    @property
    def title(self) -> str:
        """The name that people read."""
        return self.display_name or self.name
