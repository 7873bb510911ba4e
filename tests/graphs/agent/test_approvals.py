"""What becomes of a message whose calls were decided, and which of its calls are still to run."""

from uuid import uuid4

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from graphs.agent.approvals import (
    answered,
    calls_to_ask_for,
    decided_locally,
    last_answer,
    open_calls,
    question,
    refusal,
)
from graphs.agent.context import AgentContext
from graphs.approval_messages import Approval
from graphs.metering.places import approval_id, placed_calls
from tests.graphs.conftest import Configure

ASKS = AgentContext(model="m", approval_tools=["calculator"])


def call(call_id: str, name: str = "calculator", **args: object) -> dict:
    return {"type": "tool_call", "id": call_id, "name": name, "args": args}


def message(*calls: dict, **options: object) -> AIMessage:
    return AIMessage(**{"content": "", "id": "m1", "tool_calls": list(calls), **options})


def test_asked_for_are_those_that_need_leave_and_can_be_run(configure: Configure):
    configure(MOST_TOOL_CALLS_PER_ROUND="3")
    wanted = message(call("a"), call("b", "clock"), call("c"), call("d"))

    assert [(one.index, one.call["id"]) for one in calls_to_ask_for([wanted], ASKS)] == [(0, "a"), (2, "c")]


@pytest.mark.parametrize(
    ("before", "asks"),
    [
        ([], False),
        (["current_time"], False),
        (["calculator", "remember"], False),
        (["knowledge_search"], True),
        (["web_search"], True),
        (["fetch_page", "current_time"], True),
        (["recall"], True),
        (["files__read"], True),
    ],
    ids=lambda given: "+".join(given) if isinstance(given, list) else str(given),
)
def test_what_others_wrote_makes_acting_tools_ask_until_the_next_question(before: list[str], asks: bool):
    context = AgentContext(model="m", approval_tools_after_retrieval=["fetch_page"])
    turn = [HumanMessage("Go on."), *(ToolMessage("x", tool_call_id=name, name=name) for name in before)]
    wanted = message(call("a", "fetch_page"), call("b", "current_time"))

    assert [one.call["id"] for one in calls_to_ask_for([*turn, wanted], context)] == (["a"] if asks else [])
    assert calls_to_ask_for([*turn, HumanMessage("And now this."), wanted], context) == []
    assert calls_to_ask_for([*turn, wanted], AgentContext(model="m")) == []


def test_equal_ids_have_places_of_their_own_that_outlive_a_run():
    thread = str(uuid4())
    places = [one.place for one in placed_calls(message(call("a"), call("b"), call("a")))]

    assert places == ["m1/a/1", "m1/b/1", "m1/a/2"]
    assert len({approval_id(thread, place) for place in places}) == 3
    assert approval_id(thread, places[0]) == approval_id(thread, "m1/a/1")
    assert approval_id(thread, places[0]) != approval_id(str(uuid4()), places[0])


def test_question_has_the_form_of_langchain_s_clients():
    approval = Approval(id=uuid4(), status="pending", arguments={}, expires_at="2026-03-01T00:00:00+00:00")
    calls = [call("a", x=1), call("b", x=2)]

    asked = question([approval], calls)

    assert [(one["name"], one["args"]) for one in asked["action_requests"]] == [
        ("calculator", {"x": 1}),
        ("calculator", {"x": 2}),
    ]
    assert asked["review_configs"] == [
        {"action_name": "calculator", "allowed_decisions": ["approve", "edit", "reject"]}
    ]
    assert asked["approvals"] == [{"id": str(approval.id), "expires_at": approval.expires_at}]


def test_approved_calls_change_nothing():
    wanted = message(call("a"))

    assert answered(wanted, [(placed_calls(wanted)[0], Approval(status="approved", arguments={}))]) == []


def test_edit_is_what_the_message_shows():
    wanted = message(
        call("a", x=1),
        call("b", x=2),
        content=[{"type": "text", "text": "So."}, {"type": "tool_use", "id": "b", "input": {"x": 2}}],
        additional_kwargs={"tool_calls": [{"id": "b"}], "kept": True},
    )

    [changed] = answered(wanted, [(placed_calls(wanted)[1], Approval(status="edited", arguments={"x": 3}))])

    assert (changed.id, [one["args"] for one in changed.tool_calls]) == ("m1", [{"x": 1}, {"x": 3}])
    assert changed.additional_kwargs == {"kept": True}
    assert changed.content == [{"type": "text", "text": "So."}]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("rejected", "The user has rejected this call. It was not run. No."),
        ("expired", "The user did not answer in time. This call was not run. No."),
        ("withdrawn", "The user went on without an answer. This call was not run. No."),
        ("pending", "The user has rejected this call. It was not run. No."),
    ],
)
def test_whatever_is_no_leave_is_answered_and_not_run(status: str, words: str):
    wanted = message(call("a"), call("b"))
    decision = Approval(status=status, arguments={}, reason="No.")

    [result] = answered(wanted, [(placed_calls(wanted)[0], decision)])

    assert (result.tool_call_id, result.status, result.content) == ("a", "error", words)
    assert [one.call["id"] for one in open_calls([wanted, result])] == ["b"]


@pytest.mark.parametrize(
    ("refused", "still_open"),
    [([], [0, 1, 2]), ([0], [1, 2]), ([1], [0, 2]), ([0, 2], [1]), ([0, 1, 2], [])],
    ids=str,
)
def test_of_equal_ids_those_stay_open_that_were_not_refused(refused: list[int], still_open: list[int]):
    wanted = message(call("a"), call("a"), call("a"))
    results = [refusal(placed_calls(wanted)[index], "No.") for index in refused]

    assert [one.index for one in open_calls([HumanMessage("go"), wanted, *results])] == still_open


def test_results_of_other_origin_count_by_their_call_s_id():
    wanted = message(call("a"), call("b"), call("a"))

    waiting = open_calls([wanted, ToolMessage("1", tool_call_id="a"), ToolMessage("2", tool_call_id="x")])

    assert [one.index for one in waiting] == [1, 2]


def test_only_the_last_answer_has_open_calls():
    assert open_calls([HumanMessage("go")]) == []
    assert last_answer([HumanMessage("go")]) is None
    assert open_calls([message(call("a")), AIMessage("Never mind.", id="m2")]) == []


@pytest.mark.parametrize(
    ("said", "status", "arguments"),
    [
        ({"decisions": [{"type": "approve"}]}, "approved", {"x": 1}),
        ({"decisions": [{"type": "edit", "edited_action": {"args": {"x": 2}}}]}, "edited", {"x": 2}),
        ({"decisions": [{"type": "edit", "edited_action": {}}]}, "rejected", {"x": 1}),
        ({"decisions": [{"type": "reject"}]}, "rejected", {"x": 1}),
        ({"decisions": []}, "rejected", {"x": 1}),
        ({"decisions": "approve"}, "rejected", {"x": 1}),
        ({"decisions": [None]}, "rejected", {"x": 1}),
        ("approve", "rejected", {"x": 1}),
        (None, "rejected", {"x": 1}),
        ([{"type": "approve"}], "rejected", {"x": 1}),
    ],
    ids=str,
)
def test_standalone_what_is_not_understood_rejects(said: object, status: str, arguments: dict):
    [decided] = decided_locally(said, [call("a", x=1)])

    assert (decided.status, decided.arguments) == (status, arguments)
