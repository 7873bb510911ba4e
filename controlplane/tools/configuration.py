"""Validates a tool's configuration against its schema, and says which field is wrong, never what it held."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import regex  # type: ignore[import-untyped]  # ships no types
from django.core.exceptions import ValidationError as ModelInvalid
from django.utils.translation import gettext as _
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # as above
from jsonschema.exceptions import ValidationError  # type: ignore[import-untyped]  # as above
from jsonschema.validators import extend  # type: ignore[import-untyped]  # as above
from referencing import Registry

from controlplane.errors import Invalid
from controlplane.tools.json_bounds import require_bounded

LONGEST_CONFIGURATION = 8_000
MOST_COMPLAINTS = 20
# A pattern that takes longer than this on one value is no pattern for a form.
PATTERN_SECONDS = 0.05
FIELD = "configuration"


def require_valid(configuration: Any, schema: dict[str, Any]) -> None:
    """Hold a whole configuration, secrets included, against its schema. Raises Invalid with `fields`."""
    try:
        require_bounded(configuration, most_characters=LONGEST_CONFIGURATION)
    except ModelInvalid as error:
        raise _invalid({FIELD: list(error.messages)}) from error
    # An empty registry: no reference leads out of the schema.
    validator = _Validator(schema, registry=Registry())
    complaints: dict[str, list[str]] = {}
    for found in islice(validator.iter_errors(configuration), MOST_COMPLAINTS):
        for field, complaint in _complaints(found):
            # The library tells of each missing field by itself, and names it in its words alone.
            complaints[field] = list(dict.fromkeys([*complaints.get(field, []), complaint]))
    if complaints:
        raise _invalid(complaints)


def _invalid(fields: dict[str, list[str]]) -> Invalid:
    return Invalid(_("The request has fields that cannot be accepted."), fields=fields)


def _complaints(error: ValidationError) -> Iterator[tuple[str, str]]:
    """Name the fields that one error is about; the library's own words quote values, which may be secrets."""
    place = ".".join([FIELD, *map(str, error.absolute_path)])
    if error.validator == "required" and isinstance(error.instance, dict):
        missing = [name for name in error.validator_value if name not in error.instance]
        yield from ((f"{place}.{name}", _("This field is required.")) for name in missing)
        return
    if error.validator in {"additionalProperties", "unevaluatedProperties"}:
        known = error.schema.get("properties", {}) if isinstance(error.schema, dict) else {}
        unknown = [name for name in error.instance if name not in known]
        yield from ((f"{place}.{name}", _("There is no such field.")) for name in unknown)
        return
    yield place, _in_our_words(str(error.validator), error.validator_value)


def _in_our_words(rule: str, bound: Any) -> str:
    words = {
        "type": _("This must be of the type: %s."),
        "minimum": _("This must be at least %s."),
        "maximum": _("This must be at most %s."),
        "exclusiveMinimum": _("This must be more than %s."),
        "exclusiveMaximum": _("This must be less than %s."),
        "minLength": _("This must have at least %s characters."),
        "maxLength": _("This must have at most %s characters."),
        "minItems": _("This must have at least %s entries."),
        "maxItems": _("This must have at most %s entries."),
        "multipleOf": _("This must be a multiple of %s."),
        "enum": _("This must be one of: %s."),
        "const": _("This must be: %s."),
    }
    if rule not in words:
        return _("This does not fit the rule: %s.") % rule
    shown = ", ".join(map(str, bound)) if isinstance(bound, list) else str(bound)
    return words[rule] % shown[:500]


def _check_pattern(
    _validator: Any, pattern: str, value: Any, _schema: dict[str, Any]
) -> Iterator[ValidationError]:
    """Search as the keyword says, in bounded time: some patterns take for ever on some values."""
    if not isinstance(value, str):
        return
    try:
        if regex.search(pattern, value, timeout=PATTERN_SECONDS) is None:
            yield ValidationError("no match")
    except (TimeoutError, regex.error):
        yield ValidationError("no answer")


_Validator = extend(Draft202012Validator, {"pattern": _check_pattern})
