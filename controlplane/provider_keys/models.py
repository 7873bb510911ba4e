"""Users' own keys for model providers, sealed; and what each key used per day and month."""

import uuid
from typing import Any, ClassVar, Self

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables
from uuid_utils.compat import uuid7

from controlplane.errors import Invalid
from controlplane.provider_keys.errors import KeyUnreadable
from controlplane.provider_keys.providers import addresses_of
from controlplane.provider_keys.validation import Finding, ask_provider
from controlplane.vault.box import Unreadable, seal, unseal

LONGEST_KEY = 500
# Of a shorter key both ends together would give away too much.
SHORTEST_KEY_WITH_ENDS = 16


class UserAPIKeyQuerySet(models.QuerySet["UserAPIKey"]):
    """The words in which keys are asked for."""

    def owned_by(self, user_id: uuid.UUID) -> Self:
        """Keep one user's keys."""
        return self.filter(user_id=user_id)

    def existing(self) -> Self:
        """Leave out what was deleted; such rows stay for the bills that name them."""
        return self.filter(deleted_at__isnull=True)

    def usable(self) -> Self:
        """Keep those that may be used, readable or not."""
        return self.existing().filter(is_active=True)


class UserAPIKey(models.Model):
    """One key of one user for one provider; only its first and last characters are ever shown."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_keys")
    provider = models.CharField(max_length=100, help_text=_("By the id that genai-prices uses."))
    key_name = models.CharField(max_length=100)
    base_url = models.CharField(
        max_length=200, blank=True, help_text=_("One of the provider's addresses. Empty: its own.")
    )

    encrypted_key = models.TextField(blank=True, editable=False)
    key_version = models.CharField(max_length=12, blank=True, editable=False)
    key_prefix = models.CharField(max_length=3, blank=True, editable=False)
    last_four = models.CharField(max_length=4, blank=True, editable=False)
    entered_at = models.DateTimeField(null=True, blank=True, editable=False)
    is_unreadable = models.BooleanField(
        default=False, editable=False, help_text=_("It has to be entered again.")
    )

    is_active = models.BooleanField(default=True)
    is_default = models.BooleanField(
        default=False, help_text=_("Used for the provider's models. At most one per user and provider is.")
    )
    use_for_runs = models.BooleanField(default=True, help_text=_("Off: the house's key is used for runs."))
    may_use_house_key = models.BooleanField(
        default=False,
        help_text=_("Whether runs use the house's key when this one is unreadable or refused."),
    )

    is_validated = models.BooleanField(default=False)
    last_validated_at = models.DateTimeField(null=True, blank=True, editable=False)
    validation_error = models.CharField(max_length=50, blank=True, editable=False)
    refused_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text=_("Its provider does not accept it. Empty again once it is entered anew or found good."),
    )

    daily_limit = models.PositiveBigIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1)], help_text=_("Tokens. Empty: no limit.")
    )
    monthly_limit = models.PositiveBigIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1)], help_text=_("Tokens. Empty: no limit.")
    )
    usage_count = models.PositiveBigIntegerField(default=0, editable=False)
    total_tokens_used = models.PositiveBigIntegerField(default=0, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(auto_now=True)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects: ClassVar[UserAPIKeyQuerySet] = UserAPIKeyQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("API key of a user")
        verbose_name_plural = _("API keys of users")
        constraints = (
            models.UniqueConstraint(
                fields=["user", "provider"],
                name="provider_keys_one_default",
                condition=models.Q(is_default=True, deleted_at__isnull=True),
            ),
            models.CheckConstraint(
                name="provider_keys_limits_positive",
                condition=(models.Q(daily_limit__isnull=True) | models.Q(daily_limit__gte=1))
                & (models.Q(monthly_limit__isnull=True) | models.Q(monthly_limit__gte=1)),
            ),
        )
        indexes = (
            models.Index(fields=["user", "-created_at", "-id"], name="provider_keys_of_user"),
            models.Index(fields=["-created_at", "-id"], name="provider_keys_recent"),
        )

    def __str__(self) -> str:
        return f"{self.key_name} ({self.provider})" if self.key_name else self.provider

    @property
    def needs_reentry(self) -> bool:
        """Whether there is nothing here that could be used."""
        return self.is_unreadable or not self.encrypted_key

    @property
    def version(self) -> str:
        """Name the text that is kept now; one that is entered anew has another name."""
        return self.entered_at.isoformat() if self.entered_at else ""

    @property
    def address(self) -> str:
        """Where it is used; empty when the provider is not on the list of providers any more."""
        listed = addresses_of(self.provider)
        if self.base_url:
            return self.base_url if self.base_url in listed else ""
        return listed[0] if listed else ""

    @sensitive_variables("api_key")
    def encrypt_api_key(self, api_key: str) -> None:
        """Take a key over, sealed; the caller saves it. What was known of an older one is forgotten.

        Raises Invalid for what cannot be a key.
        """
        if not 0 < len(api_key) <= LONGEST_KEY or not all("!" <= sign <= "~" for sign in api_key):
            raise Invalid(
                "This cannot be an API key.",
                fields={"api_key": [f"1 to {LONGEST_KEY} letters, digits and signs without blanks."]},
            )
        sealed = seal(api_key)
        self.encrypted_key, self.key_version = sealed.token, sealed.key_version
        has_ends = len(api_key) >= SHORTEST_KEY_WITH_ENDS
        self.key_prefix, self.last_four = (api_key[:3], api_key[-4:]) if has_ends else ("", "")
        self.entered_at, self.is_unreadable = timezone.now(), False
        self.is_validated, self.last_validated_at, self.validation_error = False, None, ""
        self.refused_at = None

    def decrypt_api_key(self) -> str:
        """Open it, for one call. Raises KeyUnreadable."""
        try:
            return unseal(self.encrypted_key)
        except Unreadable:
            raise KeyUnreadable from None

    def validate_key(self) -> dict[str, Any]:
        """Ask the provider whether it takes this key, and keep the answer: `valid`, `error_code`, `message`.

        Call it outside of transactions: the provider may take ten seconds. A provider that cannot be asked
        says nothing about the key, and what was known before stays. Nothing is kept for a key that was
        entered anew meanwhile.
        """
        finding = self._ask()
        now = timezone.now()
        known: dict[str, Any] = {"last_validated_at": now, "validation_error": finding.error_code}
        if finding.is_conclusive:
            known["is_validated"] = finding.is_valid
        if finding.is_valid or finding.is_refusal:
            known["refused_at"] = now if finding.is_refusal else None
        UserAPIKey.objects.filter(pk=self.pk, entered_at=self.entered_at).update(**known)
        for name, value in known.items():
            setattr(self, name, value)
        return {"valid": finding.is_valid, "error_code": finding.error_code, "message": finding.message}

    @sensitive_variables("api_key")
    def _ask(self) -> Finding:
        try:
            api_key = self.decrypt_api_key()
        except KeyUnreadable as error:
            self._note(is_unreadable=True)
            return Finding.of(error.code)
        if self.is_unreadable:
            self._note(is_unreadable=False)
        return ask_provider(self.address, api_key)

    def _note(self, *, is_unreadable: bool) -> None:
        same_key = UserAPIKey.objects.filter(pk=self.pk, encrypted_key=self.encrypted_key)
        same_key.update(is_unreadable=is_unreadable)
        self.is_unreadable = is_unreadable


class KeyCounter(models.Model):
    """Tokens that one key used and reserved in one day or month; its limits are checked against this row."""

    class Period(models.TextChoices):
        """How long a counter counts."""

        DAY = "day", _("day")
        MONTH = "month", _("month")

    id = models.BigAutoField(primary_key=True)
    key = models.ForeignKey(UserAPIKey, on_delete=models.CASCADE, related_name="counters", editable=False)
    period = models.CharField(max_length=5, choices=Period, editable=False)
    starts_on = models.DateField(editable=False)
    resets_at = models.DateTimeField(editable=False)
    tokens = models.PositiveBigIntegerField(default=0, editable=False)
    reserved_tokens = models.PositiveBigIntegerField(default=0, editable=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["key", "period", "starts_on"], name="provider_keys_counter"),
        )

    def __str__(self) -> str:
        return f"{self.key_id} {self.period} {self.starts_on}"
