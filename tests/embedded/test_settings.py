"""What each part is told, and above all what it is not."""

import json
from pathlib import Path

import pytest

from controlplane.embedded.credentials import Credentials
from controlplane.embedded.options import Options, Ports
from controlplane.embedded.settings import (
    PASSED_TO_AGENT_SERVER,
    PASSED_TO_DJANGO,
    stack_settings,
    system_basics,
)
from controlplane.embedded.stack import ALL_PARTS, Stack, assemble

URLS = {
    "DATABASE_URL": "postgresql://a@db/1",
    "PG_CHECKPOINT_URI": "postgresql://a@db/2",
    "PGVECTOR_CONNECTION_STRING": "postgresql+psycopg://a@db/3",
    "REDIS_URL": "redis://cache/0",
    "OPENAI_BASE_URL": "https://models.example/v1",
}


@pytest.fixture
def credentials(tmp_path: Path) -> Credentials:
    return Credentials.load(tmp_path)


def settings_of(
    credentials: Credentials, parts: tuple[str, ...] = ALL_PARTS, **environ: str
) -> dict[str, str]:
    """Return the settings of a stack on the default ports."""
    return stack_settings(parts, ports=Ports(), credentials=credentials, environ=environ)


def environment_of(stack: Stack, part: str) -> dict[str, str]:
    """Return the whole environment of one part."""
    (found,) = [one for one in stack.work if one.name == part]
    return dict(found.environment)


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    environ = {
        "PATH": "/bin", "AWS_SECRET_ACCESS_KEY": "not-yours", "OPENAI_API_KEY": "sk-of-the-user",
        "DEMO_EMAIL": "demo@example.org", "DAILY_MESSAGE_LIMIT": "5",
    }  # fmt: skip
    return assemble(Options(data=tmp_path, ports=Ports()), ALL_PARTS, environ)


def test_agent_server_gets_no_secret_but_its_own(stack: Stack) -> None:
    environment = environment_of(stack, "agent-server")
    credentials = Credentials.load(stack.folder.secrets)
    assert set(environment) == {
        "PATH", "NO_PROXY", "no_proxy", "PYTHONUNBUFFERED", "PYTHONPATH", "CONTROL_PLANE_URL",
        "CONTROL_PLANE_SECRET", "LG_WEBHOOK_SECRET", "AGENT_JWKS_FILE", "PG_CHECKPOINT_URI",
        "LANGGRAPH_CLI_NO_ANALYTICS", "LANGGRAPH_NO_VERSION_CHECK", "LANGSMITH_TRACING", "LOG_COLOR",
        "EMBEDDING_DIMENSIONS",
    }  # fmt: skip
    for secret in (credentials.model_key, credentials.django_secret_key, credentials.valkey_password):
        assert secret not in environment.values()


@pytest.mark.parametrize("part", [part for part in ALL_PARTS if part != "migrate"])
def test_no_part_gets_the_rest_of_the_shell_or_the_demo_login(stack: Stack, part: str) -> None:
    environment = environment_of(stack, part)
    assert "AWS_SECRET_ACCESS_KEY" not in environment
    assert "DEMO_PASSWORD" not in environment
    assert "sk-of-the-user" not in environment.values()


@pytest.mark.parametrize("part", ["postgres", "valkey"])
def test_servers_get_the_basics_only(stack: Stack, part: str) -> None:
    assert set(environment_of(stack, part)) == {"PATH", "NO_PROXY", "no_proxy", "PYTHONUNBUFFERED"}


def test_a_proxy_before_the_control_plane_is_what_the_agent_server_calls(tmp_path: Path) -> None:
    given = {"CONTROL_PLANE_URL": "http://127.0.0.1:9000"}
    behind_a_proxy = assemble(Options(data=tmp_path, ports=Ports()), ALL_PARTS, given)

    for part in ("agent-server", "django"):
        assert environment_of(behind_a_proxy, part)["CONTROL_PLANE_URL"] == "http://127.0.0.1:9000"


def test_django_gets_the_limits_that_the_user_set(stack: Stack) -> None:
    assert environment_of(stack, "django")["DAILY_MESSAGE_LIMIT"] == "5"
    assert environment_of(stack, "worker")["DAILY_MESSAGE_LIMIT"] == "5"


def test_embedded_model_is_the_default_and_free(credentials: Credentials) -> None:
    settings = settings_of(credentials)
    assert settings["OPENAI_BASE_URL"] == settings["EMBEDDINGS_BASE_URL"] == "http://127.0.0.1:8124/v1"
    assert settings["DEFAULT_MODEL"] == "smollm2-135m-instruct"
    prices = json.loads(settings["MODEL_PRICES"])
    assert set(prices) == {"smollm2-135m-instruct", "all-minilm-l6-v2"}
    assert prices["all-minilm-l6-v2"] == {"input_mtok": "0", "output_mtok": "0"}


def test_embedded_model_ignores_a_default_that_was_meant_for_another_server(credentials: Credentials) -> None:
    settings = settings_of(credentials, DEFAULT_MODEL="gpt-4o-mini", MODEL_PRICES='{"mine": {}}')
    assert settings["DEFAULT_MODEL"] == "smollm2-135m-instruct"
    assert settings["MODEL_PRICES"] == '{"mine": {}}'


@pytest.mark.parametrize(
    ("part", "names"),
    [
        pytest.param("django", PASSED_TO_DJANGO, id="django"),
        pytest.param("agent-server", PASSED_TO_AGENT_SERVER, id="agent-server"),
    ],
)
def test_what_a_person_may_set_reaches_its_part(tmp_path: Path, part: str, names: tuple[str, ...]) -> None:
    parts = tuple(one for one in ALL_PARTS if one != "model")
    environ = {**{name: f"my {name}" for name in names}, "OPENAI_BASE_URL": URLS["OPENAI_BASE_URL"]}
    environment = environment_of(assemble(Options(data=tmp_path, ports=Ports()), parts, environ), part)
    assert {name: environment[name] for name in names} == {name: f"my {name}" for name in names}


def test_given_addresses_go_before_embedded_ones(credentials: Credentials) -> None:
    settings = settings_of(credentials, ("django",), OPENAI_API_KEY="sk-theirs", **URLS)
    assert {name: settings[name] for name in URLS} == URLS
    assert settings["EMBEDDINGS_BASE_URL"] == URLS["OPENAI_BASE_URL"]
    assert settings["OPENAI_API_KEY"] == "sk-theirs"
    assert "DEFAULT_MODEL" not in settings


def test_one_given_database_leaves_the_others_embedded(credentials: Credentials) -> None:
    settings = settings_of(credentials, DATABASE_URL=URLS["DATABASE_URL"])
    assert settings["DATABASE_URL"] == URLS["DATABASE_URL"]
    assert settings["PG_CHECKPOINT_URI"].endswith("@127.0.0.1:5433/langgraph")
    assert settings["PGVECTOR_CONNECTION_STRING"].startswith("postgresql+psycopg://threadplane:")


def test_servers_that_are_not_run_have_no_address(credentials: Credentials) -> None:
    settings = settings_of(credentials, ("postgres",))
    assert "DATABASE_URL" in settings
    assert not {"REDIS_URL", "OPENAI_BASE_URL", "EMBEDDINGS_BASE_URL"} & set(settings)


def test_loopback_goes_around_a_proxy() -> None:
    basics = system_basics({"HTTPS_PROXY": "http://proxy:1", "no_proxy": "intranet"})
    assert basics["HTTPS_PROXY"] == "http://proxy:1"
    assert basics["NO_PROXY"] == basics["no_proxy"] == "intranet,127.0.0.1,localhost"


def test_pages_on_another_port_may_call_the_agent_server(tmp_path: Path) -> None:
    options = Options(data=tmp_path, ports=Ports(control_plane=9100))
    cors = json.loads(environment_of(assemble(options, ALL_PARTS, {}), "agent-server")["CORS_CONFIG"])
    assert cors["allow_origins"][:2] == ["http://localhost:9100", "http://127.0.0.1:9100"]
    assert "http://localhost:8000" not in cors["allow_origins"]
    assert "https://smith.langchain.com" in cors["allow_origins"]
