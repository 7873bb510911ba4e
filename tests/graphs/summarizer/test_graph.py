"""Titles and summaries come out whatever the model can do."""

from uuid import uuid4

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.graph.state import CompiledStateGraph
from langgraph.store.memory import InMemoryStore

from graphs.errors import ModelUnreachable
from graphs.summarizer.graph import builder
from tests.graphs.control_plane_double import ControlPlaneDouble
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
