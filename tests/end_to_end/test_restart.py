"""What was said is still there after every process was stopped and started again."""

import os
import signal
import time
import uuid
from pathlib import Path

import httpx
import pytest

from tests.conftest import DEMO_EMAIL, DEMO_PASSWORD
from tests.end_to_end.api import Api, eventually
from tests.running_stack import RunningStack
from tests.scripted_model import ScriptedModel, attempt_id

# A person waits 20 s at most, on a machine of their own; here other tests share its two cores.
SECOND_START_SECONDS = 60.0
PARTS = ("postgres", "valkey", "agent-server", "django", "worker", "beat")


def start(folder: Path, model: ScriptedModel) -> RunningStack:
    """Start the whole system with its data in `folder`."""
    return RunningStack.start(
        folder,
        OPENAI_BASE_URL=model.url,
        OPENAI_API_KEY="sk-scripted",
        DEFAULT_MODEL="gpt-4o-mini",
        DEMO_EMAIL=DEMO_EMAIL,
        DEMO_PASSWORD=DEMO_PASSWORD,
    )


@pytest.mark.timeout(300)
def test_history_and_usage_survive_a_restart(server_folder: Path, scripted_model: ScriptedModel) -> None:
    folder = server_folder / "restart"
    word = f"restart-{uuid.uuid4()}"
    scripted_model.reply(word, "I will remember.")
    first = start(folder, scripted_model)
    api = Api.signed_in(first.control_plane_url, DEMO_EMAIL, DEMO_PASSWORD)
    session = api.new_session("Kept")
    api.say(session, f"{word} one")
    api.say(session, f"{word} two")
    api.settled_usage(calls=2, session=session)
    history, pids = api.history(session), first.pids()

    assert first.stop(how=signal.SIGTERM) == 0
    assert [part for part, pid in pids.items() if alive(pid)] == []
    started = time.monotonic()
    second = start(folder, scripted_model)
    seconds = time.monotonic() - started
    try:
        api = Api.signed_in(second.control_plane_url, DEMO_EMAIL, DEMO_PASSWORD)
        assert api.history(session) == history
        assert len(history) == 4
        assert len(api.usage(session=session)) == 2
        assert api.say(session, f"{word} three")["status"] == "success"
        assert seconds < SECOND_START_SECONDS
    finally:
        second.stop()


@pytest.mark.timeout(600)
def test_each_part_that_dies_comes_back(server_folder: Path, scripted_model: ScriptedModel) -> None:
    word = f"deaths-{uuid.uuid4()}"
    scripted_model.reply(word, "Yes, again.")
    stack = start(server_folder / "deaths", scripted_model)
    try:
        api = Api.signed_in(stack.control_plane_url, DEMO_EMAIL, DEMO_PASSWORD)
        session = api.new_session("Deaths")
        for part in PARTS:
            kill_and_wait_for_the_next(stack, part)
            eventually(lambda: turn_works(api, session, word), bool, within=60)
        rows = eventually(
            lambda: api.usage(session=session),
            lambda rows: all(row["state"] == "settled" for row in rows),
            within=60,
        )
        answers = [message for message in api.history(session) if message["role"] == "ai"]
        assert {answer["content"] for answer in answers} == {"Yes, again."}
        assert len(answers) >= len(PARTS)
        finished = {row["id"] for row in rows if row["outcome"] == "finished"}
        assert finished <= {attempt_id(call) for call in scripted_model.calls(word)}
        assert len(finished) >= len(PARTS)
    finally:
        assert stack.stop() == 0


def kill_and_wait_for_the_next(stack: RunningStack, part: str) -> None:
    """Kill a part and wait until the supervisor has started another."""
    before = stack.pids()[part]
    os.kill(before, signal.SIGKILL)
    eventually(lambda: stack.pids()[part], lambda pid: pid != before, within=60)


def turn_works(api: Api, session: str, word: str) -> bool:
    """Say something; a refusal means that a part is still on its way back."""
    try:
        response = api.http.post(f"sessions/{session}/messages/", json={"message": word})
    except httpx.TransportError:
        return False  # the control plane itself is on its way back
    # 409: the Agent Server came back and is repeating the run that it was killed in.
    assert response.status_code in {200, 409, 502, 503, 504}, response.text
    return response.status_code == 200


def alive(pid: int) -> bool:
    """Tell whether a process is there and not just waiting to be reaped."""
    status = Path(f"/proc/{pid}/status")
    return status.exists() and "State:\tZ" not in status.read_text()
