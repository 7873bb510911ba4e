"""A developer in Studio is asked as users are, and may try it standalone."""

import os
import uuid
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import pytest

from tests.end_to_end.asked_users import calculator_asks
from tests.end_to_end.studio import StudioPage, StudioThread
from tests.graphs.agent_server import AgentServer
from tests.running_stack import RunningStack
from tests.scripted_model import ScriptedModel

REJECTED = "The user has rejected this call. It was not run."
WITH_ACCOUNTS, STANDALONE = "with the control plane", "standalone"


@pytest.fixture(scope="module", params=[WITH_ACCOUNTS, STANDALONE])
def kind(request: pytest.FixtureRequest) -> str:
    """Whether there are accounts beside Studio."""
    return str(request.param)


@pytest.fixture(scope="module")
def studio(
    kind: str, stack: RunningStack, scripted_model: ScriptedModel, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[StudioPage]:
    """Studio, on a server beside the stack's own, or on one with nothing behind it."""
    environment = {**stack.environment, "ALLOW_STUDIO_USER": "true"}
    if kind == STANDALONE:
        environment = {
            "PG_CHECKPOINT_URI": os.environ["PG_CHECKPOINT_URI"],
            "OPENAI_BASE_URL": scripted_model.url,
            "OPENAI_API_KEY": "sk-of-a-developer",
            "LG_WEBHOOK_SECRET": "unused",
        }
    running = AgentServer.start(tmp_path_factory.mktemp("studio-asks"), environment)
    page = StudioPage(running.url)
    yield page
    page.close()
    running.stop()


def asked_in_studio(studio: StudioPage, model: ScriptedModel, form: dict[str, Any]) -> StudioThread:
    """Open a thread whose model wants to compute, and run it until it asks."""
    word, thread = f"studio-leave-{uuid.uuid4()}", studio.new_thread("agent")
    model.call_tool(word, "calculator", {"expression": "6 * 7"}, then="Done.")
    thread.run(f"Compute {word}", context=form)
    return thread


@pytest.mark.parametrize(
    ("decision", "said"),
    [
        ({"type": "approve"}, "42"),
        ({"type": "edit", "edited_action": {"name": "calculator", "args": {"expression": "6 * 8"}}}, "48"),
        ({"type": "reject", "message": "No."}, f"{REJECTED} No."),
    ],
    ids=["approve", "edit", "reject"],
)
def test_a_developer_decides(
    studio: StudioPage,
    kind: str,
    stack: RunningStack,
    scripted_model: ScriptedModel,
    decision: dict[str, Any],
    said: str,
) -> None:
    # Behind a control plane the catalogue says what asks, whatever the form leaves empty.
    form: dict[str, Any] = {"enabled_tools": ["calculator"], "approval_tools": []}
    if kind == STANDALONE:
        form["approval_tools"] = ["calculator"]

    with calculator_asks(stack) if kind == WITH_ACCOUNTS else nullcontext():
        thread = asked_in_studio(studio, scripted_model, form)
        waiting = thread.state()
        [interrupt] = waiting["tasks"][0]["interrupts"]
        thread.run(None, command={"resume": {"decisions": [decision]}}, context=form)

    done = thread.state()
    assert waiting["next"] == ["ask_approval"]
    assert interrupt["value"]["action_requests"][0]["name"] == "calculator"
    assert [one["content"] for one in done["values"]["messages"][-2:]] == [said, "Done."]
    assert done["next"] == []
