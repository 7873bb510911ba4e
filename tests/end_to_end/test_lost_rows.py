"""A crash that takes the Agent Server's own files too: what was said stays, and the half run is told of."""

import os
import shutil
import signal
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from tests.conftest import DEMO_EMAIL, DEMO_PASSWORD
from tests.end_to_end.api import Api, ServerEvent, eventually
from tests.running_stack import RunningStack
from tests.scripted_model import ScriptedModel, attempt_id

# The development server's files: thread rows and runs, but no checkpoints.
FILES = ".langgraph_api"


@dataclass(frozen=True)
class OwnStack:
    """A whole system that a test may break, with its demo user."""

    folder: Path
    stack: RunningStack
    api: Api

    def crash_without_files(self) -> None:
        """Kill the Agent Server and take its files before the supervisor starts the next one."""
        before = self.stack.pids()["agent-server"]
        (files,) = self.folder.rglob(FILES)
        os.kill(before, signal.SIGKILL)
        shutil.rmtree(files)
        eventually(lambda: self.stack.pids()["agent-server"], lambda pid: pid != before, within=60)

    def thread(self, session: str) -> httpx.Response:
        """Ask the Agent Server for a session's thread, as its owner."""
        token = self.api.expect(200, "POST", "auth/agent-token/")["token"]
        url = f"{self.stack.agent_server_url}/threads/{session}"
        return httpx.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=30)

    def reserved(self) -> list[tuple[Any, ...]]:
        """Return what the day's counters still hold in reserve."""
        with psycopg.connect(self.stack.environment["DATABASE_URL"]) as connection:
            query = "SELECT reserved_tokens, reserved_cost::text::float FROM usage_dailycounter"
            return connection.execute(query).fetchall()


@pytest.fixture
def own(server_folder: Path, scripted_model: ScriptedModel) -> Iterator[OwnStack]:
    """Start it, and stop it afterwards."""
    folder = server_folder / "lost-rows"
    stack = RunningStack.start(
        folder,
        OPENAI_BASE_URL=scripted_model.url,
        OPENAI_API_KEY="sk-scripted",
        DEFAULT_MODEL="gpt-4o-mini",
        DEMO_EMAIL=DEMO_EMAIL,
        DEMO_PASSWORD=DEMO_PASSWORD,
    )
    yield OwnStack(folder, stack, Api.signed_in(stack.control_plane_url, DEMO_EMAIL, DEMO_PASSWORD))
    assert stack.stop() == 0


def stream_into_the_crash(own: OwnStack, session: str, word: str) -> list[ServerEvent]:
    """Send a message whose answer the server does not live to finish; return the events that came."""
    events: list[ServerEvent] = []
    for event in own.api.stream(session, word):
        if event.name == "token" and not any(earlier.name == "token" for earlier in events):
            own.crash_without_files()
        events.append(event)
    return events


@pytest.mark.timeout(300)
def test_half_run_is_shown_as_interrupted_and_the_conversation_goes_on(
    own: OwnStack, scripted_model: ScriptedModel
) -> None:
    first, slow, later = (f"{name}-{uuid.uuid4()}" for name in ("first", "half", "later"))
    scripted_model.reply(first, "Remembered.", prompt_tokens=21, completion_tokens=2)
    scripted_model.reply(slow, "word " * 400, latency=50, chunkSize=5)
    scripted_model.reply(later, "Still here.", prompt_tokens=43, completion_tokens=3)
    session = own.api.new_session("Crash")
    own.api.say(session, first)

    events = stream_into_the_crash(own, session, slow)

    assert (events[-1].name, events[-1].data["code"]) == ("error", "stream_interrupted")
    half_run = events[-1].data["details"]["run_id"]
    eventually(lambda: answers(own, session), lambda status: status == 404, within=60)
    runs = eventually(
        lambda: own.api.expect(200, "GET", f"sessions/{session}/runs/")["results"],
        lambda runs: runs[0]["ended_at"] is not None,
        within=60,
    )
    assert [(run["status"], run["error_code"]) for run in runs] == [
        ("interrupted", "run_lost"),
        ("success", ""),
    ]
    assert (runs[0]["id"], runs[0]["started_at"] < runs[0]["ended_at"]) == (half_run, True)

    assert [message["content"] for message in own.api.history(session)] == [first, "Remembered.", slow]
    assert own.thread(session).json()["thread_id"] == session
    assert own.api.say(session, later)["message"]["content"] == "Still here."
    bill = {row["id"]: row for row in own.api.settled_usage(calls=3, within=90, session=session)}
    billed = {
        word: (row["outcome"], row["is_estimated"], row["run_id"] == half_run)
        for word in (first, slow, later)
        for row in (bill[attempt_id(entry)] for entry in scripted_model.calls(word))
    }
    assert billed == {
        first: ("finished", False, False),
        slow: ("unknown", True, True),
        later: ("finished", False, False),
    }
    assert own.reserved() == [(0, 0.0)]


def answers(own: OwnStack, session: str) -> int:
    """Return the status with which the Agent Server answers for a thread; 0 while it is away."""
    try:
        return own.thread(session).status_code
    except httpx.TransportError:
        return 0
