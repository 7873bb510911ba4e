"""The running summary: kept within the budget, paid for as what it is, and never a turn's undoing."""

import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, RemoveMessage, ToolMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph.state import CompiledStateGraph
from langgraph.store.memory import InMemoryStore

from graphs.agent.budget import size_of
from graphs.agent.graph import builder
from graphs.agent.running_summary import MOST_PIECES
from graphs.errors import LimitReached
from tests.graphs.control_plane_double import ControlPlaneDouble, refusal
from tests.scripted_model import ScriptedModel

CREATE = "Create a summary of the conversation above"
EXTEND = "Extend this summary"
SMALL = {
    "enabled_tools": [],
    "enable_summarization": True,
    "summarization_threshold": 400,
    "summary_keep_tokens": 150,
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScriptedModel]:
    """A model of its own: questions for summaries say the same words everywhere."""
    model = ScriptedModel.start(tmp_path_factory.mktemp("summaries"))
    yield model
    model.stop()


@pytest.fixture
def control_plane_with_it(
    behind_control_plane: ControlPlaneDouble, model: ScriptedModel, monkeypatch: pytest.MonkeyPatch
) -> ControlPlaneDouble:
    monkeypatch.setattr(behind_control_plane, "model_url", model.url)
    return behind_control_plane


@pytest.fixture
def agent(control_plane_with_it: ControlPlaneDouble) -> CompiledStateGraph:
    return builder.compile(checkpointer=InMemorySaver(), store=InMemoryStore())


@pytest.fixture
def summarizing(model: ScriptedModel) -> Callable[..., dict[str, Any]]:
    """A context whose summaries have a model of their own, with what that one answers."""

    def answers(response: dict[str, Any], **settings: object) -> dict[str, Any]:
        name = f"summarizer-{uuid4().hex}"
        for words in (CREATE, EXTEND):
            model.script({"match": {"userMessage": words, "model": name}, "response": response})
        return {**SMALL, "summary_model": name, **settings}

    return answers


def config(thread: str) -> dict[str, Any]:
    return {"configurable": {"thread_id": thread}, "run_id": uuid4()}


def past(turns: int, length: int = 400) -> list[AnyMessage]:
    return [
        message
        for number in range(turns)
        for message in (
            HumanMessage(f"q{number} " + "x" * length, id=f"h{number}"),
            AIMessage("y" * length, id=f"y{number}"),
        )
    ]


async def ask(
    agent: CompiledStateGraph,
    model: ScriptedModel,
    context: dict[str, Any],
    messages: list[AnyMessage],
    thread: str = "",
) -> tuple[dict[str, Any], dict[str, Any], str]:
    """Say something after these messages; give the state, what the model was sent, and the run."""
    words, place = f"now {uuid4().hex}", config(thread or str(uuid4()))
    model.reply(words, "Right.")
    question = HumanMessage(f"{words} {'x' * 200}")
    state = await agent.ainvoke({"messages": [*messages, question]}, place, context=context)
    [request] = model.calls(words)
    return state, request["body"], str(place["run_id"])


def told(model: ScriptedModel, name: str) -> list[dict[str, Any]]:
    return [entry["body"] for entry in model.journal() if entry["body"].get("model") == name]


def tokens(body: dict[str, Any]) -> int:
    kinds = {"user": HumanMessage, "assistant": AIMessage, "system": HumanMessage}
    return size_of([kinds[one["role"]](one["content"]) for one in body["messages"]])


async def test_thirty_turns_stay_within_the_budget_and_the_thread_whole(
    agent: CompiledStateGraph,
    model: ScriptedModel,
    control_plane_with_it: ControlPlaneDouble,
    summarizing: Callable[..., dict[str, Any]],
):
    usage = {"prompt_tokens": 90, "completion_tokens": 12, "total_tokens": 102}
    context = summarizing({"content": "They counted.", "usage": usage})
    thread, asked, runs = str(uuid4()), [], []

    for _ in range(30):
        state, body, run_id = await ask(agent, model, context, [], thread)
        asked.append(body)
        runs.append(run_id)

    assert len(state["messages"]) == 2 * 30
    assert max(map(tokens, asked)) <= 400
    assert "They counted." in asked[-1]["messages"][0]["content"]
    kinds = [permit["request_type"] for run_id in runs for permit in control_plane_with_it.permits_of(run_id)]
    summaries = told(model, context["summary_model"])
    assert (kinds.count("chat"), kinds.count("summarization")) == (30, len(summaries))
    assert 2 <= len(summaries) < 30
    records = [item.value for run_id in runs for item in await agent.store.asearch(("usage", run_id))]
    billed = [one for one in records if one["request_type"] == "summarization"]
    assert [(one["model"], one["input_tokens"], one["output_tokens"]) for one in billed] == [
        (context["summary_model"], 90, 12)
    ] * len(summaries)


@pytest.mark.parametrize(
    "response",
    [
        pytest.param({"error": {"message": "broken", "type": "x"}, "status": 500}, id="failed"),
        pytest.param({"error": {"message": "no such model", "type": "x"}, "status": 404}, id="refused"),
        pytest.param({"content": " "}, id="silent"),
    ],
)
async def test_without_a_summary_the_turn_goes_on_with_what_fits(
    agent: CompiledStateGraph,
    model: ScriptedModel,
    summarizing: Callable[..., dict[str, Any]],
    response: dict[str, Any],
):
    context = summarizing(response)

    state, body, _ = await ask(agent, model, context, past(6))

    assert state["messages"][-1].text == "Right."
    assert state.get("summary") is None
    assert len(told(model, context["summary_model"])) == 1
    assert tokens(body) <= 400
    assert [one["role"] for one in body["messages"]] == ["system", "user", "assistant", "user"]
    assert len(state["messages"]) == 14


async def test_a_summary_that_fails_leaves_the_one_before(
    agent: CompiledStateGraph, model: ScriptedModel, summarizing: Callable[..., dict[str, Any]]
):
    thread = str(uuid4())
    first, _, _ = await ask(agent, model, summarizing({"content": "They counted."}), past(6), thread)

    failing = summarizing({"error": {"message": "broken", "type": "x"}, "status": 500})
    more = [HumanMessage("x" * 900, id="m1"), AIMessage("y" * 900, id="m2")]
    second, body, _ = await ask(agent, model, failing, more, thread)

    assert second["summary"] == first["summary"]
    assert "They counted." in body["messages"][0]["content"]
    assert tokens(body) <= 400


async def test_a_limit_that_is_reached_ends_the_turn(
    agent: CompiledStateGraph,
    model: ScriptedModel,
    control_plane_with_it: ControlPlaneDouble,
    summarizing: Callable[..., dict[str, Any]],
):
    context, place, words = summarizing({"content": "x"}), config(str(uuid4())), uuid4().hex
    details = {"which": "daily_tokens", "limit": 10, "used": 10, "remaining": 0, "resets_at": "soon"}
    refused = refusal(429, "limit_reached", "Used up.", details=details)
    control_plane_with_it.permit_refusals[context["summary_model"]] = refused

    with pytest.raises(LimitReached, match="Used up"):
        await agent.ainvoke({"messages": [*past(6), HumanMessage(words)]}, place, context=context)

    assert told(model, context["summary_model"]) == []
    assert model.calls(words) == []


async def test_a_summary_of_what_was_reworded_since_is_made_anew(
    agent: CompiledStateGraph, model: ScriptedModel, summarizing: Callable[..., dict[str, Any]]
):
    thread = str(uuid4())
    await ask(agent, model, summarizing({"content": "They counted."}), past(6), thread)
    again = summarizing({"content": "They sang."})

    state, body, _ = await ask(agent, model, again, [HumanMessage("I sang " + "x" * 400, id="h0")], thread)

    assert state["summary"]["text"] == "They sang."
    assert "They counted." not in json.dumps(body)
    first = told(model, again["summary_model"])[0]["messages"]
    assert first[-1]["content"].startswith(CREATE)
    assert "I sang" in first[0]["content"]


async def test_a_summary_of_what_was_taken_away_is_forgotten(
    agent: CompiledStateGraph, model: ScriptedModel, summarizing: Callable[..., dict[str, Any]]
):
    thread = str(uuid4())
    made, _, _ = await ask(agent, model, summarizing({"content": "They counted."}), past(6), thread)
    last = made["summary"]["last_message_id"]

    taken = [RemoveMessage(one.id) for one in made["messages"][2:]]
    state, body, _ = await ask(agent, model, summarizing({"content": "?"}), taken, thread)

    assert last not in {one.id for one in state["messages"]}
    assert state["summary"] is None
    assert "They counted." not in json.dumps(body)
    assert len(state["messages"]) == 4


async def test_pairs_of_calls_and_answers_are_summarized_together(
    agent: CompiledStateGraph, model: ScriptedModel, summarizing: Callable[..., dict[str, Any]]
):
    calls = [
        {"name": "calculator", "args": {"expression": "6*7"}, "id": f"c{one}", "type": "tool_call"}
        for one in range(3)
    ]
    rounds = [
        HumanMessage("compute " + "x" * 300, id="h"),
        AIMessage("", tool_calls=calls, id="a"),
        *(ToolMessage("42 " + "r" * 400, tool_call_id=call["id"], id=f"t{call['id']}") for call in calls),
        AIMessage("Done.", id="d"),
    ]
    context = summarizing({"content": "They computed."}, summarization_threshold=500)

    state, body, _ = await ask(agent, model, context, [*rounds, *past(1, length=100)])

    [request] = told(model, context["summary_model"])
    assert state["summary"]["last_message_id"] == "d"
    assert [one["role"] for one in request["messages"]] == ["user", "user"]
    assert "tools" not in request
    assert request["messages"][0]["content"].count("The tool answered: 42") == 3
    assert [one["role"] for one in body["messages"]] == ["system", "user", "assistant", "user"]


async def test_a_model_that_takes_little_is_given_pieces(
    agent: CompiledStateGraph, model: ScriptedModel, summarizing: Callable[..., dict[str, Any]]
):
    context = summarizing({"content": "More of it."}, summary_context_length=2_048, max_tokens=200)

    state, _, _ = await ask(agent, model, context, past(12, length=400))

    requests = told(model, context["summary_model"])
    assert state["summary"]["last_message_id"] == "y11"
    assert 1 < len(requests) <= MOST_PIECES
    assert all(tokens(body) + 256 <= 2_048 for body in requests)
    assert all(body["max_completion_tokens"] == 200 for body in requests)
    words = "".join(body["messages"][0]["content"] for body in requests)
    assert all(f"q{number} " in words for number in range(12))


async def test_a_very_long_past_is_summarized_over_several_turns(
    agent: CompiledStateGraph, model: ScriptedModel, summarizing: Callable[..., dict[str, Any]]
):
    context, thread = summarizing({"content": "Part of it."}), str(uuid4())

    first, body, _ = await ask(agent, model, context, past(40, length=4_000), thread)
    second, _, _ = await ask(agent, model, context, [], thread)

    assert tokens(body) <= 400
    places = [message.id for message in second["messages"]]
    reached = [places.index(state["summary"]["last_message_id"]) for state in (first, second)]
    assert 40 < reached[0] < reached[1]
    assert len(told(model, context["summary_model"])) <= 2 * MOST_PIECES + 2


async def test_nothing_is_summarized_where_it_is_switched_off(
    agent: CompiledStateGraph, model: ScriptedModel, summarizing: Callable[..., dict[str, Any]]
):
    context = summarizing({"content": "x"}, enable_summarization=False)

    state, body, _ = await ask(agent, model, context, past(6))

    assert len(body["messages"]) == 14
    assert state.get("summary") is None
    assert told(model, context["summary_model"]) == []
