"""Sums that stand in for many calls, so that reports need not read them."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from controlplane.usage.models.token_usage import TokenUsage


class DailySum(models.Model):
    """What one user's settled calls of one kind on one day add up to; good while its counter is rolled up."""

    id = models.BigAutoField(primary_key=True)
    counter = models.ForeignKey(
        "usage.DailyCounter", on_delete=models.CASCADE, related_name="sums", editable=False, db_index=False
    )
    provider = models.CharField(max_length=100, blank=True, editable=False)
    model_name = models.CharField(max_length=200, editable=False)
    request_type = models.CharField(max_length=20, choices=TokenUsage.RequestType, editable=False)
    is_house_paid = models.BooleanField(editable=False, help_text=_("False: the user's own key paid."))

    calls = models.PositiveIntegerField(editable=False)
    failed_calls = models.PositiveIntegerField(editable=False)
    unpriced_calls = models.PositiveIntegerField(editable=False)
    tokens_in = models.PositiveBigIntegerField(editable=False)
    tokens_out = models.PositiveBigIntegerField(editable=False)
    cost = models.DecimalField(
        max_digits=18,
        decimal_places=9,
        null=True,
        editable=False,
        help_text=_("US dollars. Empty when no call of them has a price."),
    )

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["counter", "is_house_paid", "request_type", "provider", "model_name"],
                name="usage_sum_kind_of_day",
            ),
        )

    def __str__(self) -> str:
        return f"{self.counter_id} {self.model_name} {self.request_type}"
