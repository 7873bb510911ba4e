"""Rows for models as a migration knew them: what is required is made up by the type of its field."""

import uuid
from collections.abc import Callable, Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.apps.registry import Apps
from django.contrib.postgres.fields import ArrayField
from django.db import IntegrityError, models, transaction
from django.utils import timezone

Field = Any
# The first that fits: an e-mail field is a text field as well.
PLAIN: dict[type, Callable[[], Any]] = {
    models.UUIDField: uuid.uuid4,
    models.EmailField: lambda: f"{uuid.uuid4().hex[:12]}@example.com",
    models.JSONField: dict,
    ArrayField: list,
    models.BooleanField: bool,
    models.DecimalField: lambda: Decimal(1),
    models.BinaryField: lambda: b"\x00",
    models.FloatField: lambda: 1.0,
    models.IntegerField: lambda: 1,
    models.DateTimeField: timezone.now,
    models.DateField: lambda: timezone.localdate() + timedelta(days=uuid.uuid4().int % 10_000),
}


class RowMaker:
    """Makes one row after another; those that a constraint refuses are named in `refused`."""

    def __init__(self, apps: Apps) -> None:
        self.apps = apps
        self.refused: set[str] = set()

    def fill(self, labels: Iterable[str], *, rows: int) -> dict[str, int]:
        """Make so many rows of each model of these apps; gives the rows there are now by `app.Model`."""
        for label in labels:
            for model in self.apps.get_app_config(label).get_models():
                for _ in range(rows):
                    self.make(model)
        return count_rows(self.apps, labels)

    def make(self, model: type[models.Model]) -> models.Model | None:
        """Make one row with the rows that it needs; None when it cannot be made so simply."""
        values = {field.name: self._value(field) for field in model._meta.fields if _is_required(field)}
        try:
            with transaction.atomic():
                return model._default_manager.create(**values)
        except IntegrityError:
            self.refused.add(model._meta.label)
            return None

    def _value(self, field: Field) -> Any:
        if isinstance(field, models.ForeignKey):
            return self.make(self.apps.get_model(field.related_model._meta.label))
        if field.choices:
            return field.flatchoices[0][0]
        return _plain_value(field)


def count_rows(apps: Apps, labels: Iterable[str]) -> dict[str, int]:
    """Count the rows of each model of these apps."""
    return {
        model._meta.label: model._default_manager.count()
        for label in labels
        for model in apps.get_app_config(label).get_models()
    }


def _is_required(field: Field) -> bool:
    is_given = field.has_default() or field.has_db_default() or field.generated or field.null
    return not (is_given or field.auto_created or isinstance(field, models.AutoField))


def _plain_value(field: Field) -> Any:
    made = next((make for kind, make in PLAIN.items() if isinstance(field, kind)), None)
    return made() if made else uuid.uuid4().hex[: min(field.max_length or 32, 32)]
