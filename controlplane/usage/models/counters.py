"""One counter per user and day or month: limits are checked against it, however long the history is."""

from datetime import date
from decimal import Decimal
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from controlplane.usage.days import first_of_month
from controlplane.usage.limits import Amount, Gauge, Limits, Term


class DailyCounterQuerySet(models.QuerySet["DailyCounter"]):
    """The words in which counters are asked for."""

    def want_rollup(self) -> int:
        """Note that calls of these days have changed, so that their sums are not to be read any more.

        Within the transaction of the change, after its lock on the counter: the roll-up takes the same lock.
        """
        return self.filter(is_rolled_up=True).update(is_rolled_up=False)


class UsageCounter(models.Model):
    """What one user used, reserved and was granted in one term; limits are checked against this row alone."""

    term: ClassVar[Term]

    messages = models.PositiveIntegerField(default=0, editable=False)
    tokens = models.PositiveBigIntegerField(default=0, editable=False)
    reserved_tokens = models.PositiveBigIntegerField(default=0, editable=False)
    cost = models.DecimalField(max_digits=18, decimal_places=9, default=Decimal(0), editable=False)
    reserved_cost = models.DecimalField(max_digits=18, decimal_places=9, default=Decimal(0), editable=False)
    # What raises the limit for this term alone: the sums of its grants.
    granted_messages = models.PositiveBigIntegerField(default=0, db_default=0, editable=False)
    granted_tokens = models.PositiveBigIntegerField(default=0, db_default=0, editable=False)
    granted_cost = models.DecimalField(
        max_digits=18, decimal_places=9, default=Decimal(0), db_default=Decimal(0), editable=False
    )

    class Meta:
        abstract = True

    @property
    def standing(self) -> Amount:
        """What counts against the limits: used and reserved together."""
        return Amount(
            messages=self.messages,
            tokens=self.tokens + self.reserved_tokens,
            cost=self.cost + self.reserved_cost,
        )

    @property
    def granted(self) -> Amount:
        """What is added to the limits."""
        return Amount(messages=self.granted_messages, tokens=self.granted_tokens, cost=self.granted_cost)

    def gauges(self, limits: Limits, *, wanted: Amount) -> tuple[Gauge, Gauge, Gauge]:
        """Hold this counter against the limits of its term, raised by what was granted."""
        return limits.plus(self.granted).gauges(used=self.standing, wanted=wanted, term=self.term)


class DailyCounter(UsageCounter):
    """What one user used and reserved on one day of their own."""

    term = Term.DAY

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="daily_counters", editable=False
    )
    day = models.DateField(editable=False)
    resets_at = models.DateTimeField(editable=False, help_text=_("The end of this day where the user lives."))

    is_rolled_up = models.BooleanField(
        default=False,
        # For an older release, which begins days while the system is brought up to date.
        db_default=False,
        editable=False,
        help_text=_("Its sums are those of its calls."),
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
    def month(self) -> date:
        """The first day of the month in which it counts; its month's counter is the sum of such days."""
        return first_of_month(self.day)


class MonthlyCounter(UsageCounter):
    """What one user used and reserved in one month of their own: what the days of that month add up to."""

    term = Term.MONTH

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="monthly_counters", editable=False
    )
    month = models.DateField(editable=False, help_text=_("Its first day."))
    resets_at = models.DateTimeField(
        editable=False, help_text=_("The end of this month where the user lives.")
    )

    class Meta:
        constraints = (models.UniqueConstraint(fields=["user", "month"], name="usage_counter_user_month"),)
        indexes = (models.Index(fields=["-month", "-id"], name="usage_counter_by_month"),)

    def __str__(self) -> str:
        return f"{self.user_id} {self.month:%Y-%m}"
