"""Approvals over the whole stack: nothing that needs leave runs without it, or twice."""

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from tests.end_to_end.api import Api, eventually
from tests.running_stack import RunningStack
from tests.scripted_model import ScriptedModel

NEEDS_LEAVE = "UPDATE tools_availabletool SET requires_approval = %s WHERE tool_name = 'calculator'"


@pytest.fixture
def _asking(stack: RunningStack) -> Iterator[None]:
    """The calculator asks before each call; no longer afterwards."""
    with psycopg.connect(stack.environment["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(NEEDS_LEAVE, [True])
        yield
        connection.execute(NEEDS_LEAVE, [False])


def ask(api: Api, model: ScriptedModel) -> tuple[str, str]:
    """Let the model want to compute; give the session and the approval that waits."""
    word, session = f"leave-{uuid.uuid4()}", api.new_session()
    model.call_tool(word, "calculator", {"expression": "6 * 7"}, then="Done.")
    assert len(api.say(session, f"Compute {word}")["interrupts"]) == 1
    path = f"approvals/?session_id={session}"
    [waiting] = api.expect(200, "GET", path)["results"]
    assert (waiting["status"], waiting["arguments"]) == ("pending", {"expression": "6 * 7"})
    return session, waiting["id"]


def results(api: Api, session: str) -> list[str]:
    """Wait for the answer and give what the tools said."""
    history = eventually(lambda: api.history(session), lambda seen: seen[-1]["content"] == "Done.", within=30)
    return [message["content"] for message in history if message["role"] == "tool"]


@pytest.mark.usefixtures("_asking")
@pytest.mark.parametrize(
    ("word", "said"),
    [
        ({"decision": "approve"}, "42"),
        ({"decision": "edit", "arguments": {"expression": "6 * 8"}}, "48"),
        (
            {"decision": "reject", "reason": "No."},
            "The user has rejected this call. It was not run. No.",
        ),
    ],
    ids=["approve", "edit", "reject"],
)
def test_a_decision_is_carried_out(
    api: Api, scripted_model: ScriptedModel, word: dict[str, Any], said: str
) -> None:
    session, approval = ask(api, scripted_model)

    decided = api.expect(202, "POST", f"approvals/{approval}/decide/", json=word)

    assert decided["run_id"] is not None
    assert results(api, session) == [said]


@pytest.mark.usefixtures("_asking")
def test_decisions_at_once_run_the_tool_once(
    api: Api, scripted_model: ScriptedModel, stack: RunningStack
) -> None:
    session, approval = ask(api, scripted_model)

    def decide(_: int) -> int:
        answer = api.http.post(f"approvals/{approval}/decide/", json={"decision": "approve"})
        return answer.status_code

    with ThreadPoolExecutor(20) as pool:
        assert set(pool.map(decide, range(20))) == {202}

    assert results(api, session) == ["42"]
    with psycopg.connect(stack.environment["DATABASE_URL"]) as connection:
        runs = connection.execute("SELECT count(*) FROM runs_run WHERE session_id = %s", [session])
        assert runs.fetchone() == (2,)
        calls = connection.execute("SELECT count(*) FROM tools_toolcall WHERE session_id = %s", [session])
        assert calls.fetchone() == (1,)
