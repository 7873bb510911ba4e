"""A configuration is held against its schema; complaints name the field and quote nothing of it."""

import time

import pytest

from controlplane.errors import Invalid
from controlplane.tools.configuration import require_valid
from tests.controlplane.tools.conftest import SEARCH_SCHEMA

GOOD = {"max_results": 5, "api_key": "sk-1234"}


def complaints(configuration, schema=None):
    with pytest.raises(Invalid) as refusal:
        require_valid(configuration, schema or SEARCH_SCHEMA)
    return refusal.value.fields


def test_whole_configuration_passes():
    require_valid(GOOD, SEARCH_SCHEMA)


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"max_results": "5"}, "configuration.max_results", "This must be of the type: integer."),
        ({"max_results": 21}, "configuration.max_results", "This must be at most 20."),
        ({"region": "asia"}, "configuration.region", "This must be one of: eu, us."),
        ({"speed": 1}, "configuration.speed", "There is no such field."),
        ({"api_key": "sk"}, "configuration.api_key", "This must have at least 4 characters."),
    ],
    ids=["type", "bound", "choice", "unknown", "secret"],
)
def test_complaint_names_its_field(changes, field, said):
    assert complaints({**GOOD, **changes}) == {field: [said]}


def test_missing_fields_are_named_once_each():
    schema = {"type": "object", "required": ["a", "b"]}

    missing = ["This field is required."]
    assert complaints({}, schema) == {"configuration.a": missing, "configuration.b": missing}


def test_place_within_lists_is_named():
    schema = {"type": "object", "properties": {"sites": {"items": {"type": "string"}}}}

    assert list(complaints({"sites": ["a", 1]}, schema)) == ["configuration.sites.1"]


def test_no_complaint_quotes_a_value():
    schema = {"type": "object", "properties": {"key": {"type": "string", "pattern": "^sk", "maxLength": 3}}}

    assert "secret" not in str(complaints({"key": "my-secret"}, schema))


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("a\0b", id="null character"),
        pytest.param("\ud800", id="half a character"),
        pytest.param("x" * 8_000, id="large"),
        pytest.param(2**60, id="large number"),
        pytest.param(float("nan"), id="not a number"),
        pytest.param([[[[[[[[[[[[[[]]]]]]]]]]]]]], id="deep"),
    ],
)
def test_what_cannot_be_kept_is_refused(value):
    assert list(complaints({"a": value}, {"type": "object"})) == ["configuration"]


def test_pattern_that_takes_for_ever_is_cut_short():
    schema = {"type": "object", "properties": {"a": {"type": "string", "pattern": r"^(\w+\s?)+$"}}}

    started = time.monotonic()
    found = complaints({"a": "aaaa " * 30 + "!"}, schema)

    assert list(found) == ["configuration.a"]
    assert time.monotonic() - started < 1
