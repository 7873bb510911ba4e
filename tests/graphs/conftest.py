"""What tests of the graphs share: settings in this process, and a server of their own on real Postgres."""

import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from graphs.access import identity
from graphs.control_plane import CLIENTS
from graphs.metering.models import CONNECTIONS
from graphs.settings import Settings, read_settings
from tests.graphs.agent_server import AgentServer
from tests.graphs.agent_tokens import Signer, write_keys
from tests.graphs.control_plane_double import SECRET, WEBHOOK_SECRET, ControlPlaneDouble
from tests.scripted_model import ScriptedModel

Configure = Callable[..., Settings]


@pytest.fixture(scope="session")
def make_database() -> Iterator[Callable[[], str]]:
    """Makes empty databases on the test server and returns their addresses; drops them at the end."""
    server = os.environ["PG_CHECKPOINT_URI"]
    made: list[str] = []

    def make() -> str:
        name = f"graphs_{uuid4().hex}"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        made.append(name)
        return make_conninfo(server, dbname=name)

    yield make
    with psycopg.connect(server, autocommit=True) as connection:
        for name in made:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def signer() -> Signer:
    """The control plane's key pair."""
    return Signer("first-key")


@pytest.fixture(scope="session")
def control_plane(scripted_model: ScriptedModel) -> Iterator[ControlPlaneDouble]:
    """A control plane that hands out the scripted model."""
    double = ControlPlaneDouble(scripted_model.url)
    double.start()
    yield double
    double.stop()


@pytest.fixture(scope="session")
def checkpoint_uri(make_database: Callable[[], str]) -> str:
    """The database of the shared server."""
    return make_database()


@pytest.fixture(scope="session")
def key_file(tmp_path_factory: pytest.TempPathFactory, signer: Signer) -> Path:
    """The published keys."""
    path = tmp_path_factory.mktemp("keys") / "keys.json"
    write_keys(path, signer)
    return path


@pytest.fixture(scope="session")
def server_environment(
    control_plane: ControlPlaneDouble, checkpoint_uri: str, key_file: Path
) -> dict[str, str]:
    """What a server behind the double is told."""
    return {
        "CONTROL_PLANE_URL": control_plane.url,
        "CONTROL_PLANE_SECRET": SECRET,
        "LG_WEBHOOK_SECRET": WEBHOOK_SECRET,
        "AGENT_JWKS_FILE": str(key_file),
        "PG_CHECKPOINT_URI": checkpoint_uri,
    }


@pytest.fixture(scope="session")
def agent_server(
    tmp_path_factory: pytest.TempPathFactory, server_environment: dict[str, str]
) -> Iterator[AgentServer]:
    """A server behind the double. Its log must not complain of blocking calls."""
    server = AgentServer.start(tmp_path_factory.mktemp("agent-server"), server_environment)
    yield server
    assert server.stop() == -signal.SIGTERM
    assert "blocking call" not in server.output().lower()


@pytest.fixture
def user_id(control_plane: ControlPlaneDouble) -> UUID:
    """A fresh account."""
    return control_plane.add_user()


@pytest.fixture
def token(signer: Signer, user_id: UUID) -> str:
    """The fresh account's agent token."""
    return signer.user_token(user_id)


@pytest.fixture
def configure(monkeypatch: pytest.MonkeyPatch) -> Iterator[Configure]:
    """Sets this process's environment to exactly these settings and reads it anew."""

    def forget() -> None:
        for cached in (read_settings, identity._keys, identity._states):
            cached.cache_clear()

    def apply(**environment: str) -> Settings:
        for name in Settings.model_fields:
            monkeypatch.delenv(name.upper(), raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        forget()
        return read_settings()

    yield apply
    forget()


@pytest.fixture
async def behind_control_plane(
    configure: Configure, control_plane: ControlPlaneDouble, key_file: Path
) -> AsyncIterator[ControlPlaneDouble]:
    """This process is set up as a server behind the double; connections are closed afterwards."""
    configure(CONTROL_PLANE_URL=control_plane.url, CONTROL_PLANE_SECRET=SECRET, AGENT_JWKS_FILE=str(key_file))
    yield control_plane
    await CLIENTS.get().aclose()
    await CONNECTIONS.get().aclose()
