"""Bounds of JSON that people send to be kept: its size, its depth, and what the database cannot hold."""

import json
import math
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

DEEPEST = 12
LARGEST_INTEGER = 2**53 - 1


def require_bounded(document: Any, *, most_characters: int) -> None:
    """Refuse what is too large or deep, or not JSON that every reader understands. Raises ValidationError."""
    for value, depth in walk(document):
        if depth > DEEPEST:
            raise ValidationError(_("At most %(most)d levels deep."), params={"most": DEEPEST})
        _require_plain(value)
    if len(json.dumps(document)) > most_characters:
        raise ValidationError(_("At most %(most)d characters of JSON."), params={"most": most_characters})


def walk(document: Any, depth: int = 0) -> Iterator[tuple[Any, int]]:
    """Yield each value and each key with its depth, the document itself first; one level too many ends it."""
    yield document, depth
    if depth > DEEPEST:
        return
    if isinstance(document, dict):
        for key, value in document.items():
            yield key, depth
            yield from walk(value, depth + 1)
    elif isinstance(document, list):
        for value in document:
            yield from walk(value, depth + 1)


def _require_plain(value: Any) -> None:
    if isinstance(value, str) and ("\0" in value or not _is_unicode(value)):
        raise ValidationError(_("Null characters and halves of characters cannot be kept."))
    if isinstance(value, float) and not math.isfinite(value):
        raise ValidationError(_("Numbers must be finite."))
    if isinstance(value, int) and abs(value) > LARGEST_INTEGER:
        raise ValidationError(_("Whole numbers go up to 2 to the power of 53."))


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
