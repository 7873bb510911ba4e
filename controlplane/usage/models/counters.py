"""One counter per user and day: limits are checked against it, however long the history is."""

from decimal import Decimal
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from controlplane.usage.limits import Amount


class DailyCounterQuerySet(models.QuerySet["DailyCounter"]):
    """The words in which counters are asked for."""

    def want_rollup(self) -> int:
        """Note that calls of these days have changed, so that their sums are not to be read any more.

        Within the transaction of the change, after its lock on the counter: the roll-up takes the same lock.
        """
        return self.filter(is_rolled_up=True).update(is_rolled_up=False)


class DailyCounter(models.Model):
    """What one user used and reserved on one day of their own; limits are checked against this row alone."""

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="daily_counters", editable=False
    )
    day = models.DateField(editable=False)
    resets_at = models.DateTimeField(editable=False, help_text=_("The end of this day where the user lives."))
    messages = models.PositiveIntegerField(default=0, editable=False)
    tokens = models.PositiveBigIntegerField(default=0, editable=False)
    reserved_tokens = models.PositiveBigIntegerField(default=0, editable=False)
    cost = models.DecimalField(max_digits=18, decimal_places=9, default=Decimal(0), editable=False)
    reserved_cost = models.DecimalField(max_digits=18, decimal_places=9, default=Decimal(0), editable=False)

    is_rolled_up = models.BooleanField(
        default=False, editable=False, help_text=_("Its sums are those of its calls.")
    )

    objects: ClassVar[DailyCounterQuerySet] = DailyCounterQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = (models.UniqueConstraint(fields=["user", "day"], name="usage_counter_user_day"),)
        indexes = (
            models.Index(fields=["day"], include=["tokens", "cost"], name="usage_counter_by_day"),
            models.Index(
                fields=["resets_at"],
                name="usage_counter_to_roll_up",
                condition=models.Q(is_rolled_up=False),
            ),
        )

    def __str__(self) -> str:
        return f"{self.user_id} {self.day}"

    @property
    def standing(self) -> Amount:
        """What counts against the limits: used and reserved together."""
        return Amount(
            messages=self.messages,
            tokens=self.tokens + self.reserved_tokens,
            cost=self.cost + self.reserved_cost,
        )
