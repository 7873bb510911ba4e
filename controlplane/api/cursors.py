"""Opaque cursors: the order of a list, and the row after which the next page begins."""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError as InvalidValue
from django.db.models import Field, Model
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ValidationError


@dataclass(frozen=True, kw_only=True)
class Position:
    """Where a page ended: in which order (`-created_at`), at which value, at which primary key."""

    ordering: str
    value: Any
    key: Any


def encode_cursor(position: Position) -> str:
    """Make an opaque cursor of a position."""
    value = position.value.isoformat() if isinstance(position.value, datetime) else str(position.value)
    text = json.dumps([position.ordering, value, str(position.key)]).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def decode_cursor(cursor: str, *, ordering: str, model: type[Model]) -> Position:
    """Read a cursor of this model's list in this order; raises ValidationError for any other."""
    try:
        padded = cursor.encode() + b"=" * (-len(cursor) % 4)
        made_for, value, key = json.loads(base64.urlsafe_b64decode(padded))
        _require_same(made_for, ordering)
        ordered_by = model._meta.get_field(ordering.removeprefix("-"))
        return Position(ordering=ordering, value=_read(ordered_by, value), key=_read(model._meta.pk, key))
    except (binascii.Error, ValueError, TypeError, OverflowError, RecursionError, InvalidValue) as error:
        raise ValidationError({"cursor": [_("This is not a cursor of this list.")]}) from error


def _read(field: Any, text: object) -> Any:
    if not isinstance(text, str) or "\x00" in text or not isinstance(field, Field):
        raise ValueError("nothing that this field could hold")
    # JSON can write half a character; the database's driver cannot.
    text.encode()
    if field.get_internal_type() == "DateTimeField":
        # In UTC: Postgres takes fewer offsets than Python does.
        return datetime.fromisoformat(text).astimezone(UTC)
    value = field.to_python(text)
    if isinstance(value, Decimal):
        # Digits without end can be written in a few, and nobody could compare with them.
        field.run_validators(value)
    return value


def _require_same(made_for: object, ordering: str) -> None:
    if made_for != ordering:
        raise ValueError("the cursor of another order")
