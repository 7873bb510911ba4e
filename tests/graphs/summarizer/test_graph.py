"""Titles and summaries come out whatever the model can do."""

from uuid import uuid4

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph.state import CompiledStateGraph
from langgraph.store.memory import InMemoryStore

from graphs.agent.graph import builder as agent_builder
from graphs.errors import LimitReached, ModelUnreachable
from graphs.persistence.open_checkpointers import known_as_open
from graphs.summarizer.graph import builder
from tests.graphs.control_plane_double import ControlPlaneDouble, refusal
from tests.ports import free_ports
from tests.scripted_model import ScriptedModel


@pytest.fixture
def summarizer(behind_control_plane: ControlPlaneDouble) -> CompiledStateGraph:
    return builder.compile(store=InMemoryStore())


async def summarize(graph: CompiledStateGraph, mark: str, **options: object) -> tuple[dict, str]:
    run_id = uuid4()
    messages = [HumanMessage(f"{mark}: fine day?"), AIMessage("Very.")]
    context = options.pop("context", {})
    answer = await graph.ainvoke({"messages": messages, **options}, {"run_id": run_id}, context=context)
    return answer, str(run_id)


@pytest.mark.parametrize(
    ("task", "request_type", "bound"),
    [("title", "title", 48), ("summary", "summarization", 1024)],
)
async def test_structured_output_is_asked_for_by_schema(
    summarizer: CompiledStateGraph,
    behind_control_plane: ControlPlaneDouble,
    scripted_model: ScriptedModel,
    task: str,
    request_type: str,
    bound: int,
):
    mark = uuid4().hex
    scripted_model.reply(mark, f'{{"{task}": "Fine days"}}')

    answer, run_id = await summarize(summarizer, mark, task=task)

    [request] = scripted_model.calls(mark)
    [permit] = behind_control_plane.permits_of(run_id)
    assert answer == {task: "Fine days"}
    assert request["body"]["response_format"]["type"] == "json_schema"
    assert (permit["request_type"], permit["max_output_tokens"]) == (request_type, bound)


async def test_a_summary_is_what_it_makes_unless_told_otherwise(
    summarizer: CompiledStateGraph, scripted_model: ScriptedModel
):
    mark = uuid4().hex
    scripted_model.reply(mark, '{"summary": "All well."}')

    answer, _ = await summarize(summarizer, mark)

    assert answer == {"summary": "All well."}


async def test_plain_text_where_json_was_asked_for_still_makes_a_title(
    summarizer: CompiledStateGraph, scripted_model: ScriptedModel
):
    mark = uuid4().hex
    scripted_model.reply(mark, 'Title: "Fine days"\n\nI hope this helps!')

    answer, _ = await summarize(summarizer, mark, task="title")

    assert answer == {"title": "Fine days"}
    assert len(scripted_model.calls(mark)) == 1


async def test_an_answer_off_the_schema_is_asked_for_again_in_plain_words(
    summarizer: CompiledStateGraph, behind_control_plane: ControlPlaneDouble, scripted_model: ScriptedModel
):
    mark = uuid4().hex
    scripted_model.script(
        {
            "match": {"userMessage": mark, "responseFormat": "json_schema"},
            "response": {"content": '{"title": ["Fine", "days"]}'},
        },
        {"match": {"userMessage": mark}, "response": {"content": "Fine days"}},
    )

    answer, run_id = await summarize(summarizer, mark, task="title")

    assert answer == {"title": "Fine days"}
    assert len(behind_control_plane.permits_of(run_id)) == 2


async def test_a_server_without_schemas_is_asked_in_plain_words(
    summarizer: CompiledStateGraph, scripted_model: ScriptedModel
):
    mark = uuid4().hex
    error = {"error": {"message": "response_format is not supported", "type": "x"}, "status": 400}
    scripted_model.script(
        {"match": {"userMessage": mark, "responseFormat": "json_schema"}, "response": error},
        {"match": {"userMessage": mark}, "response": {"content": "Fine days"}},
    )

    answer, _ = await summarize(summarizer, mark, task="title")

    assert answer == {"title": "Fine days"}


async def test_schemas_can_be_left_out(summarizer: CompiledStateGraph, scripted_model: ScriptedModel):
    mark = uuid4().hex
    scripted_model.reply(mark, "Fine days")

    await summarize(summarizer, mark, task="title", context={"structured_output": False})

    [request] = scripted_model.calls(mark)
    assert "response_format" not in request["body"]


async def test_an_empty_answer_leaves_the_usual_title(
    summarizer: CompiledStateGraph, scripted_model: ScriptedModel
):
    mark = uuid4().hex
    scripted_model.reply(mark, '{"title": " "}')

    answer, _ = await summarize(summarizer, mark, task="title")

    assert answer == {"title": "New conversation"}


async def test_a_dead_server_is_not_asked_in_plain_words_as_well(
    summarizer: CompiledStateGraph, behind_control_plane: ControlPlaneDouble, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(behind_control_plane, "model_url", f"http://127.0.0.1:{free_ports(1)[0]}/v1")
    asked = len(behind_control_plane.permits)

    with pytest.raises(ModelUnreachable):
        await summarize(summarizer, "x", task="title")

    assert len(behind_control_plane.permits) == asked + 3


async def test_a_title_is_asked_for_in_the_language_of_the_chat(
    summarizer: CompiledStateGraph, scripted_model: ScriptedModel
):
    mark = uuid4().hex
    scripted_model.reply(mark, '{"title": "Schöne Tage"}')

    answer = await summarizer.ainvoke(
        {"messages": [HumanMessage(f"Wird es schön? {mark}"), AIMessage("Sehr.")], "task": "title"},
        {"run_id": uuid4()},
        context={},
    )

    [request] = scripted_model.calls(mark)
    instructions, said = request["body"]["messages"]
    assert answer == {"title": "Schöne Tage"}
    assert (instructions["role"], said["role"]) == ("system", "user")
    assert "in the language that the user writes in" in instructions["content"]
    assert said["content"] == f"User: Wird es schön? {mark}\nAssistant: Sehr."


async def test_a_thread_is_read_where_it_is_kept_and_not_copied(
    summarizer: CompiledStateGraph, scripted_model: ScriptedModel
):
    mark, thread_id, saver = uuid4().hex, str(uuid4()), InMemorySaver()
    agent = agent_builder.compile(checkpointer=saver)
    messages = [HumanMessage(f"{mark}: fine day?"), AIMessage("Very.")]
    place = {"configurable": {"thread_id": thread_id}}
    await agent.aupdate_state(place, {"messages": messages}, as_node="call_model")
    scripted_model.reply(mark, '{"summary": "All well."}')

    with known_as_open(saver):
        states = [
            state
            async for state in summarizer.astream(
                {"task": "summary"},
                {"run_id": uuid4()},
                context={"source_thread_id": thread_id},
                stream_mode="values",
            )
        ]

    [request] = scripted_model.calls(mark)
    assert request["body"]["messages"][-1]["content"] == f"User: {mark}: fine day?\nAssistant: Very."
    assert states[-1]["summary"] == "All well."
    assert mark not in str(states)
    assert len((await agent.aget_state(place)).values["messages"]) == 2


@pytest.mark.parametrize(("task", "empty"), [("summary", ""), ("title", "New conversation")])
async def test_a_thread_in_which_nothing_was_said_costs_no_call(
    summarizer: CompiledStateGraph, behind_control_plane: ControlPlaneDouble, task: str, empty: str
):
    run_id = uuid4()
    with known_as_open(InMemorySaver()):
        answer = await summarizer.ainvoke(
            {"task": task}, {"run_id": run_id}, context={"source_thread_id": str(uuid4())}
        )

    assert answer == {task: empty}
    assert behind_control_plane.permits_of(str(run_id)) == []


def long_conversation(mark: str, turns: int, length: int) -> list[HumanMessage | AIMessage]:
    return [
        message
        for turn in range(turns)
        for message in (HumanMessage(f"{mark} fact-{turn}. " + "x" * length), AIMessage("y" * length))
    ]


async def test_all_of_a_long_conversation_is_summarized_in_pieces_within_the_model_s_context(
    summarizer: CompiledStateGraph, behind_control_plane: ControlPlaneDouble, scripted_model: ScriptedModel
):
    mark, run_id = uuid4().hex, uuid4()
    scripted_model.reply(mark, f'{{"summary": "{mark} in part."}}')

    answer = await summarizer.ainvoke(
        {"messages": long_conversation(mark, turns=40, length=400)},
        {"run_id": run_id},
        context={"context_length": 2_500},
    )

    bodies = [entry["body"]["messages"] for entry in scripted_model.calls(mark)]
    told = [messages[-1]["content"] for messages in bodies]
    permits = behind_control_plane.permits_of(str(run_id))
    assert answer == {"summary": f"{mark} in part."}
    assert len(told) > 4
    assert all(len(text) / 4 + 1_024 <= 2_500 for text in told)
    assert all(any(f"fact-{turn}." in text for text in told) for turn in range(40))
    assert "successive pieces" in bodies[-1][0]["content"]
    assert told[-1].count("in part.") == len(told) - 1
    assert {permit["request_type"] for permit in permits} == {"summarization"}
    assert len(permits) == len(told)


async def test_a_model_that_repeats_all_it_is_told_comes_to_an_end(
    summarizer: CompiledStateGraph, scripted_model: ScriptedModel
):
    mark = uuid4().hex
    scripted_model.reply(mark, f"{mark} again and again " * 100)

    answer = await summarizer.ainvoke(
        {"messages": [HumanMessage(f"{mark} {turn} " + "x" * 100) for turn in range(50)]},
        {"run_id": uuid4()},
        context={"context_length": 1_000, "structured_output": False},
    )

    assert answer["summary"].startswith(mark)
    assert len(scripted_model.calls(mark)) < 60


async def test_a_limit_in_the_middle_of_a_long_conversation_ends_it_as_such(
    summarizer: CompiledStateGraph, behind_control_plane: ControlPlaneDouble, scripted_model: ScriptedModel
):
    mark = uuid4().hex
    refused = refusal(429, "limit_reached", "Used up.", details={"which": "daily_tokens"})
    behind_control_plane.permit_refusals[mark] = refused

    with pytest.raises(LimitReached, match="Used up"):
        await summarizer.ainvoke(
            {"messages": long_conversation(mark, turns=12, length=400)},
            {"run_id": uuid4()},
            context={"context_length": 1_000, "model": mark},
        )

    assert scripted_model.calls(mark) == []
