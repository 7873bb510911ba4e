"""A turn ends, however often the model asks for tools."""

import pytest
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage

from graphs.agent.nodes.run_tools import stop_tools
from graphs.agent.prompts import ROUNDS_SPENT, STOPPED
from graphs.agent.routing import after_model, before_model
from graphs.settings import Settings
from tests.graphs.conftest import Configure

MOST_TOOL_ROUNDS = Settings.model_fields["most_tool_rounds"].default
CALL = {"name": "calculator", "args": {}, "id": "c1", "type": "tool_call"}


def rounds(count: int) -> list[AnyMessage]:
    """One turn whose model has asked for tools `count` times."""
    turn: list[AnyMessage] = [HumanMessage("go")]
    for _ in range(count):
        turn += [AIMessage("", tool_calls=[CALL]), ToolMessage("1", tool_call_id="c1")]
    return turn[:-1]


@pytest.mark.parametrize(
    ("messages", "step"),
    [
        pytest.param([HumanMessage("hi"), AIMessage("hello")], "__end__", id="an answer"),
        pytest.param(rounds(1), "run_tools", id="first round"),
        pytest.param(rounds(MOST_TOOL_ROUNDS), "run_tools", id="last round"),
        pytest.param(rounds(MOST_TOOL_ROUNDS + 1), "stop_tools", id="one round too many"),
        pytest.param([*rounds(MOST_TOOL_ROUNDS + 1), *rounds(1)], "run_tools", id="a new turn"),
    ],
)
def test_the_next_step_follows_from_the_last_message(messages: list[AnyMessage], step: str):
    assert after_model({"messages": messages}) == step


def test_number_of_rounds_is_the_house_s_to_set(configure: Configure):
    configure(MOST_TOOL_ROUNDS="2")

    steps = [after_model({"messages": rounds(count)}) for count in (1, 2, 3)]

    assert steps == ["run_tools", "run_tools", "stop_tools"]


@pytest.mark.parametrize(
    ("messages", "step"),
    [
        pytest.param([HumanMessage("hi")], "keep_within_budget", id="a first message"),
        pytest.param([AIMessage("hello"), HumanMessage("so")], "keep_within_budget", id="a next message"),
        pytest.param(rounds(1), "keep_within_budget", id="tools that were not run"),
        pytest.param([HumanMessage("hi"), AIMessage("hello")], "__end__", id="nothing that is not answered"),
        pytest.param([], "keep_within_budget", id="nothing at all"),
    ],
)
def test_only_what_was_not_answered_is_answered(messages: list[AnyMessage], step: str):
    assert before_model({"messages": messages}) == step


def test_a_stopped_turn_leaves_no_open_calls():
    added = stop_tools({"messages": rounds(1)})["messages"]

    assert [message.content for message in added] == [ROUNDS_SPENT, STOPPED]
    assert added[0].tool_call_id == "c1"
