"""The catalogue takes sound schemas of bounded cost, and no others."""

import time

import pytest
from django.core.exceptions import ValidationError

from controlplane.tools.schemas import no_configuration, require_schema, secret_names
from tests.controlplane.tools.conftest import SEARCH_SCHEMA


def of(**properties):
    return {"type": "object", "properties": properties}


def deep(levels):
    inner = {"type": "string"}
    for _ in range(levels):
        inner = {"type": "array", "items": inner}
    return of(a=inner)


LAUGHS = {
    **of(a={"$ref": "#/$defs/d0"}),
    "$defs": {f"d{n}": {"anyOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 4} for n in range(9)} | {"d9": {}},
}
CHAIN = {
    **of(a={"$ref": "#/$defs/d0"}),
    "$defs": {f"d{n}": {"$ref": f"#/$defs/d{n + 1}"} for n in range(400)} | {"d400": {}},
}


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param(no_configuration(), id="nothing"),
        pytest.param(SEARCH_SCHEMA, id="search"),
        pytest.param({"$schema": "https://json-schema.org/draft/2020-12/schema", **of()}, id="dialect"),
        pytest.param({**of(a={"$ref": "#/$defs/b"}), "$defs": {"b": {"type": "string"}}}, id="reference"),
        pytest.param(of(**{"$ref": {"type": "string"}}), id="property named like a keyword"),
        pytest.param(of(a={"type": "string", "pattern": "^[a-z]+$"}), id="pattern"),
    ],
)
def test_sound_schema_is_taken(schema):
    require_schema(schema)


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param([], id="no object"),
        pytest.param({}, id="of anything"),
        pytest.param({"type": "string"}, id="of a string"),
        pytest.param(of(a={"type": "nonsense"}), id="unknown type"),
        pytest.param(of(a={"minimum": "1"}), id="minimum that is no number"),
        pytest.param(of(a={"pattern": "("}), id="broken pattern"),
        pytest.param(of(a={"pattern": "a" * 201}), id="long pattern"),
        pytest.param({"$schema": "http://json-schema.org/draft-07/schema#", **of()}, id="older dialect"),
        pytest.param(of(a={"$ref": "https://evil.example/schema.json"}), id="remote reference"),
        pytest.param(of(a={"$ref": "file:///etc/passwd"}), id="file reference"),
        pytest.param(of(a={"$ref": "#"}), id="reference to the whole"),
        pytest.param(of(a={"$ref": "#/$defs/missing"}), id="reference to nothing"),
        pytest.param(
            {**of(a={"$ref": "#/$defs/b"}), "$defs": {"b": {"items": {"$ref": "#/$defs/b"}}}}, id="circle"
        ),
        pytest.param(LAUGHS, id="a few that stand for millions"),
        pytest.param(CHAIN, id="a long chain"),
        pytest.param(of(a={"$schema": "http://json-schema.org/draft-07/schema#"}), id="older within"),
        pytest.param(
            {**of(a={"$ref": "#/$defs/b~1c"}), "$defs": {"b~1c": {}}}, id="reference to a name in disguise"
        ),
        pytest.param(of(a={"$id": "https://elsewhere.example/"}), id="base elsewhere"),
        pytest.param(of(a={"$dynamicRef": "#x"}), id="dynamic reference"),
        pytest.param({"type": "object", "patternProperties": {"(a+)+$": {}}}, id="pattern of names"),
        pytest.param(deep(12), id="deep"),
        pytest.param(of(a={"description": "x" * 20_000}), id="large"),
        pytest.param(of(a={"description": "a\0b"}), id="null character"),
        pytest.param(of(a={"description": "\ud800"}), id="half a character"),
        pytest.param(of(a={"maximum": 10**400}), id="endless number"),
        pytest.param(of(a={"properties": {"b": {"writeOnly": True}}}), id="secret within a property"),
        pytest.param(
            {**of(a={"$ref": "#/$defs/b"}), "$defs": {"b": {"writeOnly": True}}}, id="secret by reference"
        ),
    ],
)
def test_unsound_schema_is_refused_at_once(schema):
    started = time.monotonic()
    with pytest.raises(ValidationError):
        require_schema(schema)
    assert time.monotonic() - started < 2


def test_secrets_are_the_properties_marked_so():
    assert secret_names(SEARCH_SCHEMA) == {"api_key"}
    assert secret_names(no_configuration()) == set()
