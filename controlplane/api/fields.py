"""Bounds of what a caller may set, in one place for preferences, sessions and messages."""

import math
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

LONGEST_MESSAGE = 100_000
LONGEST_PROMPT = 20_000
MOST_TOKENS = 1_000_000


class TextField(serializers.CharField):
    """Takes JSON strings alone; DRF's own would make text of a number."""

    def to_internal_value(self, data: object) -> str:
        """Read a string. Raises ValidationError."""
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


def require_finite(number: float) -> None:
    """Refuse NaN, which passes every comparison."""
    if not math.isfinite(number):
        raise serializers.ValidationError(_("A number from 0 to 2."))


def require_text(text: str) -> None:
    """Refuse text of blanks alone; blanks around words are the sender's."""
    if not text.strip():
        raise serializers.ValidationError(_("This field may not be blank."), code="blank")


def temperature_field(**options: Any) -> serializers.FloatField:
    """Make a field for a sampling temperature."""
    return serializers.FloatField(min_value=0.0, max_value=2.0, validators=[require_finite], **options)


def max_tokens_field(**options: Any) -> serializers.IntegerField:
    """Make a field for the length of an answer, in tokens."""
    return serializers.IntegerField(min_value=1, max_value=MOST_TOKENS, **options)
