"""The ledger: one row per model call."""

import uuid
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from controlplane.accounts.models import CustomUser
from controlplane.usage.limits import ONE_MESSAGE, limits_for
from controlplane.usage.models.present import counters_seen
from controlplane.usage.pricing import TokenCounts, price_call


class TokenUsageQuerySet(models.QuerySet["TokenUsage"]):
    """The words in which usage is asked for."""

    def owned_by(self, user_id: uuid.UUID) -> Self:
        """Keep one user's usage."""
        return self.filter(user_id=user_id)

    def pending(self) -> Self:
        """Keep the calls that were permitted and not settled yet."""
        return self.filter(state=TokenUsage.State.PENDING)

    def estimated(self) -> Self:
        """Keep the calls that were settled by the estimate of their permit: no record was found of them."""
        return self.settled().filter(outcome=TokenUsage.Outcome.UNKNOWN, is_estimated=True)

    def settled(self) -> Self:
        """Keep the calls whose figures are final."""
        return self.filter(state=TokenUsage.State.SETTLED)

    def within(self, start: datetime, end: datetime) -> Self:
        """Keep the calls that were permitted from one moment on until before another."""
        return self.filter(created_at__gte=start, created_at__lt=end)


class TokenUsage(models.Model):
    """What one model call used and cost; its key is the attempt id that travelled to the provider."""

    class State(models.TextChoices):
        """Pending from the permit on; settled by a record, or by estimate when there is none."""

        PENDING = "pending", _("pending")
        SETTLED = "settled", _("settled")

    class RequestType(models.TextChoices):
        """What the call was for."""

        CHAT = "chat", _("chat")
        SUMMARIZATION = "summarization", _("summarization")
        TITLE = "title", _("title")
        EMBEDDING = "embedding", _("embedding")
        TOOL = "tool", _("tool")

    class Outcome(models.TextChoices):
        """How the call ended; `unknown` when no record of it was found."""

        FINISHED = "finished", _("finished")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")
        UNKNOWN = "unknown", _("unknown")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # Both are found by the indexes below that begin with them.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="token_usage",
        db_index=False,
    )
    chat_session = models.ForeignKey(
        "chat.ChatSession",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="token_usage",
        db_index=False,
    )
    run = models.ForeignKey(
        "runs.Run", null=True, blank=True, on_delete=models.PROTECT, related_name="token_usage"
    )
    state = models.CharField(max_length=10, choices=State, default=State.SETTLED)
    outcome = models.CharField(max_length=10, choices=Outcome, default=Outcome.FINISHED)
    request_type = models.CharField(max_length=20, choices=RequestType, default=RequestType.CHAT)
    provider = models.CharField(max_length=100, blank=True)
    model_name = models.CharField(max_length=200)
    node = models.CharField(max_length=100, blank=True)

    prompt_tokens = models.PositiveIntegerField(default=0)
    completion_tokens = models.PositiveIntegerField(default=0)
    total_tokens = models.GeneratedField(
        expression=models.F("prompt_tokens") + models.F("completion_tokens"),
        output_field=models.PositiveIntegerField(),
        db_persist=True,
    )
    cached_tokens = models.PositiveIntegerField(default=0, help_text=_("Part of the prompt tokens."))
    reasoning_tokens = models.PositiveIntegerField(default=0, help_text=_("Part of the completion tokens."))
    is_estimated = models.BooleanField(default=False)

    prompt_cost = models.DecimalField(max_digits=18, decimal_places=9, null=True, blank=True)
    completion_cost = models.DecimalField(max_digits=18, decimal_places=9, null=True, blank=True)
    total_cost = models.DecimalField(
        max_digits=18,
        decimal_places=9,
        null=True,
        blank=True,
        help_text=_("US dollars. Empty when no price is known, never silently 0."),
    )
    is_priced = models.BooleanField(default=False, help_text=_("False: no price was known for this model."))

    reserved_tokens = models.PositiveIntegerField(default=0, editable=False)
    reserved_cost = models.DecimalField(max_digits=18, decimal_places=9, default=Decimal(0), editable=False)
    counter = models.ForeignKey(
        "usage.DailyCounter",
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        editable=False,
        help_text=_("The counter that holds this call's reservation."),
    )

    provider_key = models.ForeignKey(
        "provider_keys.UserAPIKey",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="token_usage",
        db_index=False,
        help_text=_("The user's own key, which the house does not pay for. Empty: the house's key."),
    )
    key_counter = models.ForeignKey(
        "provider_keys.KeyCounter",
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
        editable=False,
        help_text=_("The day's counter of that key, which holds this call's reservation."),
    )

    response_time_ms = models.PositiveIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    settled_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects: ClassVar[TokenUsageQuerySet] = TokenUsageQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name_plural = _("token usage")
        indexes = (
            models.Index(fields=["user", "-created_at", "-id"], name="usage_of_user"),
            models.Index(fields=["chat_session", "-created_at", "-id"], name="usage_of_session"),
            models.Index(fields=["model_name", "-created_at", "-id"], name="usage_of_model"),
            models.Index(fields=["request_type", "-created_at", "-id"], name="usage_of_request_type"),
            models.Index(fields=["-created_at", "-id"], name="usage_by_time"),
            models.Index(
                fields=["outcome", "-created_at"],
                name="usage_not_finished",
                condition=~models.Q(outcome="finished"),
            ),
            models.Index(
                fields=["provider_key", "-created_at", "-id"],
                name="usage_of_provider_key",
                condition=models.Q(provider_key__isnull=False),
            ),
            models.Index(
                fields=["key_counter"],
                name="usage_of_key_counter",
                condition=models.Q(key_counter__isnull=False),
            ),
            models.Index(
                fields=["user", "created_at"],
                name="usage_without_counter",
                condition=models.Q(counter__isnull=True),
            ),
            models.Index(fields=["created_at"], name="usage_pending", condition=models.Q(state="pending")),
        )

    def __str__(self) -> str:
        return f"{self.model_name}: {self.prompt_tokens} + {self.completion_tokens}"

    @staticmethod
    def calculate_cost(
        model_name: str,
        prompt_tokens: int,
        completion_tokens: int,
        *,
        cached_tokens: int = 0,
        reasoning_tokens: int = 0,
        provider: str | None = None,
        at: datetime | None = None,
    ) -> dict[str, Any]:
        """Price one call as `prompt_cost`, `completion_cost`, `total_cost` (US dollars) and `is_priced`.

        By the prices of the moment `at`, or of now. The costs are None when no price is known; the keys are
        this model's fields.
        """
        tokens = TokenCounts(
            prompt=prompt_tokens,
            completion=completion_tokens,
            cached=cached_tokens,
            reasoning=reasoning_tokens,
        )
        cost = price_call(model_name, tokens, provider=provider, at=at)
        return {
            "prompt_cost": cost.prompt,
            "completion_cost": cost.completion,
            "total_cost": cost.total,
            "is_priced": cost.is_priced,
        }

    @staticmethod
    def check_user_limits(user: CustomUser, additional_tokens: int = 0) -> dict[str, Any]:
        """Look whether a user's next message, with so many tokens, would be let through; counts nothing.

        Returns `allowed`, `reason` (a sentence, or None), `which`, `limit`, `used`, `remaining` and
        `resets_at` of the limit that refuses, of the day's tokens when none does. One row of the day and one
        of the month are read, however long the history is.
        """
        limits = limits_for(user)
        wanted = replace(ONE_MESSAGE, tokens=max(additional_tokens, ONE_MESSAGE.tokens))
        gauges = list(counters_seen(user.pk, zone=limits.zone).gauges(limits, wanted=wanted))
        refusing = next((one for one in gauges if not one[0].has_room), None)
        shown, resets_at = refusing or gauges[1]
        return {
            "allowed": refusing is None,
            "reason": shown.refusal if refusing else None,
            "which": shown.which,
            "limit": shown.limit,
            "used": shown.used,
            "remaining": shown.remaining,
            "resets_at": resets_at,
        }
