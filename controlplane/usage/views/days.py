"""The days between which a caller asks, as query parameters."""

from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from controlplane.usage.periods import EARLIEST, LATEST, Period

BOUNDS = (MinValueValidator(EARLIEST), MaxValueValidator(LATEST))


def day_field(help_text: str) -> serializers.DateField:
    """Make a field for a day that every calendar here can hold."""
    return serializers.DateField(required=False, validators=BOUNDS, help_text=help_text)


class DaysSerializer(serializers.Serializer[dict[str, Any]]):
    """Gives `from` and `to`, where they are asked for, as the moments between which these days lie.

    The context's `zone` is that of the days.
    """

    def get_fields(self) -> dict[str, Any]:
        """Add the two, one of which Python keeps for itself as a name."""
        days = {"from": day_field("First day."), "to": day_field("Last day, included.")}
        return {**super().get_fields(), **days}

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        """Refuse days in the wrong order. Raises ValidationError."""
        first, last = given.get("from"), given.get("to")
        if first and last and last < first:
            raise serializers.ValidationError({"to": [_("Not before the first day.")]})
        moments, zone = dict(given), self.context["zone"]
        if first:
            moments["from"] = Period(first=first, last=first, zone=zone).start
        if last:
            moments["to"] = Period(first=last, last=last, zone=zone).end
        return moments
