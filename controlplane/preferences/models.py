"""What holds for all sessions of a user, and the limits of users and groups by day and by month."""

from decimal import Decimal
from typing import Any, Final

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from controlplane.api.fields import LONGEST_PROMPT, MOST_TOKENS
from controlplane.preferences.choices import require_language, require_time_zone

FEWEST_TOKENS_TO_SUMMARIZE: Final = 256
LIMITS: Final = (
    "daily_message_limit",
    "daily_token_limit",
    "daily_cost_limit",
    "monthly_message_limit",
    "monthly_token_limit",
    "monthly_cost_limit",
    "empty_is_unlimited",
)
MOST_DOLLARS: Final = Decimal(999_999_999)


def between(field: str, least: float | Decimal, most: float | Decimal) -> models.Q:
    """Say that a column is empty or within a range; NaN, which Postgres sorts above all, is not."""
    within = models.Q(**{f"{field}__gte": least, f"{field}__lte": most})
    return models.Q(**{f"{field}__isnull": True}) | within


class UsageLimits(models.Model):
    """Limits by day and by month: 0 allows nothing, and an empty one leaves the answer to the next level."""

    daily_message_limit = models.PositiveIntegerField(
        null=True, blank=True, help_text=_("Messages per day. Empty: as the next level says; 0: none.")
    )
    daily_token_limit = models.PositiveBigIntegerField(
        null=True, blank=True, help_text=_("Tokens per day. Empty: as the next level says; 0: none.")
    )
    daily_cost_limit = models.DecimalField(
        max_digits=18,
        decimal_places=9,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0)), MaxValueValidator(MOST_DOLLARS)],
        help_text=_("US dollars per day. Empty: as the next level says; 0: none."),
    )
    monthly_message_limit = models.PositiveIntegerField(
        null=True, blank=True, help_text=_("Messages per month. Empty: as the next level says; 0: none.")
    )
    monthly_token_limit = models.PositiveBigIntegerField(
        null=True, blank=True, help_text=_("Tokens per month. Empty: as the next level says; 0: none.")
    )
    monthly_cost_limit = models.DecimalField(
        max_digits=18,
        decimal_places=9,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0)), MaxValueValidator(MOST_DOLLARS)],
        help_text=_("US dollars per month. Empty: as the next level says; 0: none."),
    )
    empty_is_unlimited = models.BooleanField(
        _("no limit where one is empty"),
        db_default=False,
        help_text=_("An empty limit is no limit at all, whatever the next level says."),
    )

    class Meta:
        abstract = True


class MultitaskStrategy(models.TextChoices):
    """What becomes of a message that comes while a run is on: the Agent Server's four strategies."""

    REJECT = "reject", _("it is refused")
    ENQUEUE = "enqueue", _("it waits for its turn")
    INTERRUPT = "interrupt", _("the run is stopped, what it said stays")
    ROLLBACK = "rollback", _("the run is stopped and taken back")


class UserPreference(UsageLimits):
    """One user's preferences. The database makes the row with the user's own, so it is always there."""

    class Theme(models.TextChoices):
        """How pages look."""

        LIGHT = "light", _("light")
        DARK = "dark", _("dark")
        SYSTEM = "system", _("as the system")

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE, related_name="ai_preferences"
    )
    default_model = models.CharField(
        max_length=200, blank=True, db_default="", help_text=_("Empty: the system's default.")
    )
    default_temperature = models.FloatField(
        null=True, blank=True, validators=[MinValueValidator(0.0), MaxValueValidator(2.0)]
    )
    default_max_tokens = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(MOST_TOKENS)]
    )
    enable_auto_summarization = models.BooleanField(db_default=True)
    summarization_threshold = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(FEWEST_TOKENS_TO_SUMMARIZE), MaxValueValidator(MOST_TOKENS)],
        help_text=_("Tokens of history above which older turns are summarized. Empty: the system's default."),
    )
    summarization_model = models.CharField(
        max_length=200,
        blank=True,
        db_default="",
        help_text=_("Model that writes summaries and titles. Empty: the system's, else the session's own."),
    )
    custom_system_prompt = models.TextField(blank=True, max_length=LONGEST_PROMPT, db_default="")
    multitask_strategy = models.CharField(
        max_length=10,
        choices=MultitaskStrategy,
        db_default=MultitaskStrategy.REJECT,
        help_text=_("What becomes of a message that comes while a run is on, unless the session says so."),
    )

    theme = models.CharField(max_length=10, choices=Theme, db_default=Theme.SYSTEM)
    language = models.CharField(
        max_length=20,
        blank=True,
        db_default="",
        validators=[require_language],
        help_text=_("A code as in en or pt-br. Empty: the system's."),
    )
    timezone = models.CharField(
        _("time zone"),
        max_length=64,
        blank=True,
        db_default="",
        validators=[require_time_zone],
        help_text=_("An IANA name, as in Europe/Berlin. Empty: the system's."),
    )
    enable_streaming = models.BooleanField(db_default=True)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="preferences_temperature_range", condition=between("default_temperature", 0, 2)
            ),
            models.CheckConstraint(
                name="preferences_max_tokens_range", condition=between("default_max_tokens", 1, MOST_TOKENS)
            ),
            models.CheckConstraint(
                name="preferences_threshold_range",
                condition=between("summarization_threshold", FEWEST_TOKENS_TO_SUMMARIZE, MOST_TOKENS),
            ),
            models.CheckConstraint(
                name="preferences_cost_limit_range", condition=between("daily_cost_limit", 0, MOST_DOLLARS)
            ),
            models.CheckConstraint(
                name="preferences_month_cost_range", condition=between("monthly_cost_limit", 0, MOST_DOLLARS)
            ),
            models.CheckConstraint(
                name="preferences_theme_known", condition=models.Q(theme__in=["light", "dark", "system"])
            ),
        )

    def __str__(self) -> str:
        return str(self.user)

    def get_session_config(self) -> dict[str, Any]:
        """Give what a new session takes over, as keyword arguments of `ChatSession.objects.create`.

        A session that is made with it keeps these values when the preferences change later; one that is
        made without follows them.
        """
        return {
            "model_name": self.default_model,
            "temperature": self.default_temperature,
            "max_tokens": self.default_max_tokens,
            "custom_system_prompt": self.custom_system_prompt,
            "enable_summarization": self.enable_auto_summarization,
            "summarization_threshold": self.summarization_threshold,
        }


class GroupLimits(UsageLimits):
    """What the members of a group may use; of several groups the most generous one holds."""

    group = models.OneToOneField(Group, primary_key=True, on_delete=models.CASCADE, related_name="limits")

    class Meta:
        verbose_name = _("limits")
        verbose_name_plural = _("limits")
        constraints = (
            models.CheckConstraint(
                name="preferences_group_cost_range", condition=between("daily_cost_limit", 0, MOST_DOLLARS)
            ),
            models.CheckConstraint(
                name="preferences_group_month_cost",
                condition=between("monthly_cost_limit", 0, MOST_DOLLARS),
            ),
        )

    def __str__(self) -> str:
        return str(self.group)
