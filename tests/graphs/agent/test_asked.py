"""Calls that make no sense are answered, never run, and never sent to a model server as they were."""

import json

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from graphs.agent.asked import asked_calls, asks_for_tools, without_cut_call
from graphs.agent.history import model_view
from graphs.agent.nodes.run_tools import stop_tools
from graphs.agent.prompts import MALFORMED, NOT_RUN, ROUNDS_SPENT
from graphs.agent.routing import after_model, before_model


def valid(call_id: str, name: str = "calculator") -> dict:
    return {"type": "tool_call", "id": call_id, "name": name, "args": {"expression": "1"}}


def malformed(call_id: str | None, name: str | None = "calculator") -> dict:
    return {"type": "invalid_tool_call", "id": call_id, "name": name, "args": "{oops", "error": "x"}


BOTH = AIMessage("", tool_calls=[valid("v1")], invalid_tool_calls=[malformed("m1"), malformed(None, None)])


def test_malformed_calls_are_asked_for_too():
    turn = [HumanMessage("go"), AIMessage("", invalid_tool_calls=[malformed("m1")])]

    assert asks_for_tools(turn[-1])
    assert after_model({"messages": turn}) == "run_tools"
    assert before_model({"messages": turn}) == "keep_within_budget"
    assert asked_calls(BOTH) == [("v1", "calculator"), ("m1", "calculator"), ("", "")]


def test_stopped_turn_answers_malformed_calls_too():
    added = stop_tools({"messages": [BOTH]})["messages"]

    assert [(one.tool_call_id, one.text) for one in added[:-1]] == [
        (call_id, ROUNDS_SPENT) for call_id in ("v1", "m1", "")
    ]


def test_model_is_sent_pairs_and_sound_arguments_alone():
    results = [ToolMessage("1", tool_call_id="v1"), ToolMessage(MALFORMED, tool_call_id="m1")]

    _, answer, *told = model_view([BOTH, *results], None, system_prompt="x")

    assert isinstance(answer, AIMessage)
    assert [(call["id"], call["name"], call["args"]) for call in answer.tool_calls] == [
        ("v1", "calculator", {"expression": "1"}),
        ("m1", "calculator", {}),
        ("", "unknown", {}),
    ]
    assert answer.invalid_tool_calls == []
    assert [one.text for one in told] == ["1", MALFORMED, NOT_RUN]


@pytest.mark.parametrize("reason", [{"finish_reason": "length"}, {"stop_reason": "max_tokens"}])
def test_call_in_the_middle_of_which_the_answer_ended_is_malformed(reason: dict[str, str]):
    answer = AIMessage("", tool_calls=[valid("v1"), valid("v2")], response_metadata=reason)

    cut = without_cut_call(answer)

    assert [call["id"] for call in cut.tool_calls] == ["v1"]
    [left] = cut.invalid_tool_calls
    assert (left["id"], json.loads(left["args"] or "")) == ("v2", {"expression": "1"})


def test_whole_answers_stay_as_they_are():
    for answer in (
        AIMessage("Cut text", response_metadata={"finish_reason": "length"}),
        AIMessage("", tool_calls=[valid("v1")], response_metadata={"finish_reason": "tool_calls"}),
    ):
        assert without_cut_call(answer) is answer
