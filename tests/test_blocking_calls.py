"""A call that holds the Agent Server's event loop up is found in its log; nothing tells it to look away."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from controlplane.embedded.agent_server import agent_server_part
from tests.blocking_calls import BlockingCallsFound, blocking_calls_in, require_no_blocking_calls
from tests.shown_tables import FOLDER

# The server's own watch, as it sets it up before it takes runs, over a tool that sleeps.
PLANTED = """
import asyncio, time
from langgraph_runtime_inmem.queue import _enable_blockbuster

async def tool() -> None:
    time.sleep(0.01)

async def serve() -> None:
    _enable_blockbuster()
    await tool()

asyncio.run(serve())
"""


@pytest.mark.timeout(60)
def test_planted_blocking_call_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER, str(tmp_path / "notes"))
    (tmp_path / "notes").mkdir()
    server_settings = {"DATABASE_URI": ":memory:", "REDIS_URI": "fake", "LANGGRAPH_RUNTIME_EDITION": "inmem"}
    log = tmp_path / "agent-server.log"
    with log.open("wb") as output:
        subprocess.run(
            [sys.executable, "-W", "ignore", "-c", PLANTED],
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **server_settings},
            check=False,
            timeout=50,
        )

    assert len(blocking_calls_in(log)) == 1, log.read_text()
    with pytest.raises(BlockingCallsFound):
        require_no_blocking_calls(log)


def test_quiet_log_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER, str(tmp_path))
    log = tmp_path / "agent-server.log"
    log.write_text("Application started up in 2.1s\n")

    require_no_blocking_calls(log)

    assert [note.read_text() for note in tmp_path.glob("*.blocking")] == ["0"]


def test_server_is_not_told_to_look_away(tmp_path: Path) -> None:
    part = agent_server_part(tmp_path, port=1, control_plane_port=2, environment={})

    assert "--allow-blocking" not in part.command
    assert "LANGGRAPH_ALLOW_BLOCKING" not in part.environment
