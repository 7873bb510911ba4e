"""Fields of templates: the column that names their variables, and the values that callers give for these."""

from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import models
from rest_framework import serializers

from controlplane.api.fields import TextField
from controlplane.prompts.mustache import LONGEST_VALUE, MalformedTemplate, variables_of

MOST_VALUES: Final = 200


def require_template(content: str) -> None:
    """Refuse content that is no template. Raises ValidationError."""
    try:
        variables_of(content)
    except MalformedTemplate as error:
        raise ValidationError(error.message, code="malformed") from error


class VariablesField(models.JSONField):
    """Works itself out when a row is written, as a time of change does."""

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:  # noqa: ARG002, FBT001  # Django passes it
        """Read the names from the content. Raises MalformedTemplate."""
        names = variables_of(getattr(model_instance, "content", ""))
        setattr(model_instance, self.attname, names)
        return names


class ValuesField(serializers.DictField):
    """A text for each variable, over REST."""

    child = TextField(max_length=LONGEST_VALUE, allow_blank=True, trim_whitespace=False)

    def to_internal_value(self, data: Any) -> dict[str, str]:
        """Read at most as many as a template can name. Raises ValidationError."""
        if isinstance(data, dict) and len(data) > MOST_VALUES:
            raise serializers.ValidationError(f"At most {MOST_VALUES} variables.")
        values: dict[str, str] = super().to_internal_value(data)
        return values
