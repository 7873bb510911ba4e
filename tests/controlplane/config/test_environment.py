"""The environment is read in one place, which names what is missing and never shows a value."""

import os
import subprocess
import sys
from decimal import Decimal

import pytest

from controlplane.config.environment import Environment, EnvironmentInvalid, ModelPrice, read_environment

REQUIRED = {
    "DJANGO_SECRET_KEY",
    "DATABASE_URL",
    "REDIS_URL",
    "LANGGRAPH_URL",
    "CONTROL_PLANE_URL",
    "CONTROL_PLANE_SECRET",
    "LG_WEBHOOK_SECRET",
    "JWT_SIGNING_KEY_FILE",
    "FERNET_KEYS",
    "OPENAI_API_KEY",
}


@pytest.fixture
def variables(monkeypatch):
    """The environment of the tests, without what is optional."""
    for name in Environment.model_fields:
        if name.upper() not in REQUIRED:
            monkeypatch.delenv(name.upper(), raising=False)
    read_environment.cache_clear()
    yield monkeypatch
    monkeypatch.undo()
    read_environment.cache_clear()


def test_nothing_secret_has_a_default():
    assert {
        name.upper() for name, field in Environment.model_fields.items() if field.is_required()
    } == REQUIRED


@pytest.mark.parametrize("name", sorted(REQUIRED))
@pytest.mark.parametrize("value", [None, ""], ids=["unset", "empty"])
def test_missing_variable_stops_the_start_and_is_named(variables, name, value):
    if value is None:
        variables.delenv(name)
    else:
        variables.setenv(name, value)
    with pytest.raises(EnvironmentInvalid) as complaint:
        read_environment()
    assert f"  {name} is not set (" in str(complaint.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("DJANGO_SECRET_KEY", "short-and-secret", id="short key"),
        pytest.param("FERNET_KEYS", "not-a-key-but-secret", id="no fernet key"),
        pytest.param("LANGGRAPH_URL", "ftp://secret.test", id="no http"),
        pytest.param("JWT_SIGNING_KEY_FILE", "/no/such/secret.pem", id="no such file"),
        pytest.param("DAILY_MESSAGE_LIMIT", "secret", id="no number"),
        pytest.param("DAILY_COST_LIMIT", "-1", id="below zero"),
        pytest.param("MODEL_PRICES", '{"m": {"input_mtok": "secret"}}', id="no price"),
        pytest.param("DEFAULT_TEMPERATURE", "2.5", id="too hot"),
    ],
)
def test_wrong_variable_stops_the_start_and_keeps_its_value_to_itself(variables, name, value):
    variables.setenv(name, value)
    with pytest.raises(EnvironmentInvalid) as complaint:
        read_environment()
    assert f"  {name} is wrong: " in str(complaint.value)
    assert value not in str(complaint.value)


def test_all_that_is_wrong_is_named_at_once(variables):
    variables.delenv("REDIS_URL")
    variables.setenv("DAILY_TOKEN_LIMIT", "many")
    with pytest.raises(EnvironmentInvalid, match=r"(?s)DAILY_TOKEN_LIMIT.*REDIS_URL"):
        read_environment()


def test_values_are_typed(variables):
    variables.setenv("ALLOWED_HOSTS", "a.test, b.test,")
    variables.setenv("DAILY_COST_LIMIT", "1.50")
    variables.setenv("LANGGRAPH_URL", "http://agents.test/")
    variables.setenv("MODEL_PRICES", '{"m": {"input_mtok": "0.15", "output_mtok": 0.6}}')
    environment = read_environment()
    assert environment.allowed_hosts == ("a.test", "b.test")
    assert environment.daily_cost_limit == Decimal("1.50")
    assert environment.langgraph_url == "http://agents.test"
    price = ModelPrice(input_mtok=Decimal("0.15"), output_mtok=Decimal("0.6"))
    assert environment.model_prices == {"m": price}


def test_there_are_no_limits_unless_set(variables):
    variables.setenv("DAILY_MESSAGE_LIMIT", "")
    environment = read_environment()
    limits = (environment.daily_message_limit, environment.daily_token_limit, environment.daily_cost_limit)
    assert limits == (None, None, None)


def test_secrets_are_not_shown(variables):
    text = repr(read_environment())
    for name in REQUIRED - {"LANGGRAPH_URL", "CONTROL_PLANE_URL", "JWT_SIGNING_KEY_FILE"}:
        assert os.environ[name] not in text


def test_process_without_an_environment_ends_with_the_names():
    run = subprocess.run(
        [sys.executable, "-m", "controlplane.manage", "check"],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    assert {name for name in REQUIRED if f"{name} is not set" in run.stderr} == REQUIRED
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PROVIDER_BASE_URLS", '{"openai": ["ftp://files.test"]}'),
        ("PROVIDER_BASE_URLS", '{"openai": ["https://user@host.test/v1"]}'),
        ("PROVIDER_BASE_URLS", '{"openai": ["https://host.test/v1?key=1"]}'),
        ("PROVIDER_PRIVATE_ADDRESSES", "10.0.0.0/8,everywhere"),
        ("PROVIDER_PRIVATE_ADDRESSES", "10.0.0.1/8"),
    ],
)
def test_places_that_keys_could_not_go_to_stop_the_start(variables, name, value):
    variables.setenv(name, value)

    with pytest.raises(EnvironmentInvalid, match=name):
        read_environment()


def test_places_that_keys_may_go_to_are_read(variables):
    variables.setenv("PROVIDER_BASE_URLS", '{"openai": ["https://eu.host.test/v1/"]}')
    variables.setenv("PROVIDER_PRIVATE_ADDRESSES", "10.1.0.0/16, fd00::/8")

    environment = read_environment()

    assert environment.provider_base_urls == {"openai": ("https://eu.host.test/v1",)}
    assert environment.provider_private_addresses == ("10.1.0.0/16", "fd00::/8")
