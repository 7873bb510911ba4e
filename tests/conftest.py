"""Servers that tests share: the scripted model, and the whole system running on it."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import connection

from tests.little_web import HOUSE_KEY, LittleWeb, little_web
from tests.mcp.everything import programs
from tests.running_stack import RunningStack
from tests.scripted_model import ScriptedModel

DEMO_EMAIL = "demo@threadplane.local"
DEMO_PASSWORD = "demo-password-for-tests"
# By which the processes are found that the stack starts for MCP.
MCP_MARK = f"mark-{uuid4().hex}"


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker) -> None:
    """Let the audit record be emptied: tests that commit are followed by emptying all tables."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_auditentry DISABLE TRIGGER audit_entry_never_emptied")


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """A folder that the database's unprivileged user can reach too."""
    folder = Path(tempfile.mkdtemp(prefix="threadplane-servers-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def scripted_model(server_folder: Path) -> Iterator[ScriptedModel]:
    """The scripted model; tests add replies to messages that only they send."""
    model = ScriptedModel.start(server_folder / "scripted-model")
    yield model
    model.stop()


@pytest.fixture(scope="session")
def web() -> Iterator[LittleWeb]:
    """Pages to fetch and a provider to search them; tests put theirs at paths of their own."""
    with little_web() as pages:
        yield pages


@pytest.fixture(scope="session")
def stack(server_folder: Path, scripted_model: ScriptedModel, web: LittleWeb) -> Iterator[RunningStack]:
    """The whole system on the scripted model, with the demo user; it must still be up at the end."""
    running = RunningStack.start(
        server_folder / "stack",
        OPENAI_BASE_URL=scripted_model.url,
        OPENAI_API_KEY="sk-scripted",
        DEFAULT_MODEL="gpt-4o-mini",
        PROVIDER_BASE_URLS=json.dumps({"openai": [scripted_model.url]}),
        PROVIDER_PRIVATE_ADDRESSES="127.0.0.0/8",
        MCP_PRIVATE_ADDRESSES="127.0.0.0/8",
        MCP_STDIO_SERVERS=programs(MCP_MARK),
        DEMO_EMAIL=DEMO_EMAIL,
        DEMO_PASSWORD=DEMO_PASSWORD,
        DELETION_SECOND_LOOK_SECONDS="3",
        TAVILY_API_KEY=HOUSE_KEY,
        TAVILY_BASE_URL=web.url,
        FETCH_PRIVATE_ADDRESSES="127.0.0.0/8",
        TOOL_CALL_TIMEOUT_SECONDS="8",
    )
    yield running
    code = running.stop()
    assert code == 0, running.log.read_text(errors="replace")[-6000:]
