"""The environment is read once, whole or not at all."""

import pytest
from pydantic import ValidationError

from tests.graphs.conftest import Configure


def test_without_a_control_plane_the_server_is_standalone(configure: Configure):
    settings = configure()

    assert settings.is_standalone
    assert not settings.allow_studio_user


def test_empty_variables_count_as_unset(configure: Configure):
    assert configure(CONTROL_PLANE_URL="", AGENT_JWKS_FILE="").is_standalone


def test_a_pool_too_small_to_set_up_its_tables_stops_the_start(configure: Configure):
    with pytest.raises(ValidationError, match="pg_checkpoint_pool_size"):
        configure(PG_CHECKPOINT_POOL_SIZE="1")


def test_networks_are_separated_by_commas(configure: Configure):
    networks = configure(FETCH_PRIVATE_ADDRESSES="10.1.0.0/16, 127.0.0.1").fetch_private_addresses

    assert [str(network) for network in networks] == ["10.1.0.0/16", "127.0.0.1/32"]


@pytest.mark.parametrize(
    "environment",
    [
        {"FETCH_PRIVATE_ADDRESSES": "everything"},
        {"WEB_SEARCH": "google"},
        {"TOOL_CALL_TIMEOUT_SECONDS": "0"},
        {"MOST_TOOL_ROUNDS": "0"},
        {"MOST_TOOL_CALLS_PER_ROUND": "0"},
        {"TAVILY_BASE_URL": "search.example"},
    ],
    ids=lambda environment: next(iter(environment)),
)
def test_bounds_of_tools_that_make_no_sense_stop_the_start(configure: Configure, environment: dict[str, str]):
    [name] = environment
    with pytest.raises(ValidationError, match=name.lower()):
        configure(**environment)


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        pytest.param({"AGENT_JWKS_FILE": "keys.json"}, "CONTROL_PLANE_SECRET", id="no secret"),
        pytest.param({"CONTROL_PLANE_SECRET": "x"}, "AGENT_JWKS_FILE", id="no keys"),
    ],
)
def test_half_a_control_plane_stops_the_start(configure: Configure, environment: dict[str, str], named: str):
    with pytest.raises(ValidationError, match=f"{named} must be set"):
        configure(CONTROL_PLANE_URL="http://127.0.0.1:1", **environment)


def test_secrets_are_not_printed(configure: Configure):
    settings = configure(OPENAI_API_KEY="sk-very-secret", PG_CHECKPOINT_URI="postgresql://u:hidden@h/d")

    assert "sk-very-secret" not in repr(settings)
    assert "hidden" not in repr(settings)
