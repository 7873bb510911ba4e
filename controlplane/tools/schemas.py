"""Which schemas the catalogue takes: JSON Schema 2020-12, checked, bounded, and referring to itself alone."""

import re
from collections.abc import Iterator
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # ships no types
from jsonschema.exceptions import SchemaError  # type: ignore[import-untyped]  # as above

from controlplane.tools.json_bounds import require_bounded, walk

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
LONGEST_SCHEMA = 20_000
# Counted with every reference written out: a few that refer to each other can stand for millions.
MOST_PARTS = 2_000
MOST_OPEN = 10
LONGEST_PATTERN = 200
LOCAL = re.compile(r"#/\$defs/([A-Za-z0-9_.-]{1,100})")
# What leads elsewhere, or repeats an expression for every name there is.
REFUSED = {
    "$id",
    "$anchor",
    "$dynamicRef",
    "$dynamicAnchor",
    "$recursiveRef",
    "$vocabulary",
    "patternProperties",
}


def no_configuration() -> dict[str, Any]:
    """Give the schema of a tool that takes none."""
    return {"type": "object", "properties": {}, "additionalProperties": False}


def secret_names(schema: dict[str, Any]) -> set[str]:
    """Name the properties that are secrets."""
    properties = schema.get("properties", {})
    return {name for name, described in properties.items() if _is_secret(described)}


def require_schema(schema: Any) -> None:
    """Refuse anything but a sound schema of an object. Raises ValidationError."""
    require_bounded(schema, most_characters=LONGEST_SCHEMA)
    if not isinstance(schema, dict) or schema.get("type") != "object":
        raise ValidationError(_('The schema must say {"type": "object"}.'))
    if schema.get("$schema", DIALECT) != DIALECT:
        raise ValidationError(_("Only JSON Schema 2020-12 is understood."))
    for value, depth in walk(schema):
        if isinstance(value, dict):
            _require_known_words(value, refused=REFUSED if depth == 0 else {*REFUSED, "$schema"})
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        place = ".".join(map(str, error.absolute_path)) or "schema"
        raise ValidationError(_("%(it)s is not as JSON Schema wants it."), params={"it": place}) from error
    _count_parts(schema, schema.get("$defs", {}), open_names=())
    _require_plain_secrets(schema)


def _is_secret(described: Any) -> bool:
    return isinstance(described, dict) and described.get("writeOnly") is True


def _require_known_words(part: dict[str, Any], *, refused: set[str]) -> None:
    found = ", ".join(sorted(refused & part.keys()))
    if found:
        raise ValidationError(_("%(it)s cannot be used here."), params={"it": found})
    reference = part.get("$ref")
    if isinstance(reference, str) and not LOCAL.fullmatch(reference):
        raise ValidationError(_("References lead to $defs of the schema itself."))
    pattern = part.get("pattern")
    if isinstance(pattern, str) and len(pattern) > LONGEST_PATTERN:
        raise ValidationError(
            _("Patterns have at most %(most)d characters."), params={"most": LONGEST_PATTERN}
        )


def _count_parts(part: Any, definitions: dict[str, Any], *, open_names: tuple[str, ...]) -> int:
    """Count the parts with all references written out. Raises ValidationError for circles and too many."""
    total = 1
    for inner, inside in _inner_parts(part, definitions, open_names):
        total += _count_parts(inner, definitions, open_names=inside)
        if total > MOST_PARTS:
            raise ValidationError(_("The schema is too large with its references written out."))
    return total


def _inner_parts(
    part: Any, definitions: dict[str, Any], open_names: tuple[str, ...]
) -> Iterator[tuple[Any, tuple[str, ...]]]:
    inner = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    yield from ((value, open_names) for value in inner)
    reference = part.get("$ref") if isinstance(part, dict) else None
    local = LOCAL.fullmatch(reference) if isinstance(reference, str) else None
    if local is None:
        return
    name = local[1]
    if name in open_names or name not in definitions or len(open_names) >= MOST_OPEN:
        raise ValidationError(_("%(it)s leads nowhere, in circles or too deep."), params={"it": reference})
    yield definitions[name], (*open_names, name)


def _require_plain_secrets(schema: dict[str, Any]) -> None:
    # Only there are they found and taken out; anywhere else one would be kept and shown like the rest.
    plain = len(secret_names(schema))
    marked = sum(1 for value, _depth in walk(schema) if isinstance(value, dict) and value.get("writeOnly"))
    if marked != plain:
        raise ValidationError(_("Only properties of the whole object can be writeOnly."))
