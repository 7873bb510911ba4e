"""A model in its provider's own protocol is permitted, recorded, retried and refused like any other."""

from collections.abc import Iterator
from unittest.mock import patch

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool

from graphs.errors import ModelFailed, ModelRateLimited, ModelRefused, ModelUnreachable
from tests.graphs.control_plane_double import ControlPlaneDouble
from tests.graphs.metering.scene import Scene
from tests.ports import free_ports
from tests.scripted_model import ScriptedModel, attempt_id

CLAUDE = "claude-for-tests"


@tool
def weather(city: str) -> str:
    """Tell the weather of a city."""
    return f"dry in {city}"


@pytest.fixture
def anthropic(
    behind_control_plane: ControlPlaneDouble, scripted_model: ScriptedModel
) -> Iterator[ControlPlaneDouble]:
    """The double permits calls of the scripted model's other protocol."""
    before = behind_control_plane.model_url
    behind_control_plane.protocol = "anthropic"
    behind_control_plane.model_url = scripted_model.url.removesuffix("/v1")
    yield behind_control_plane
    behind_control_plane.protocol, behind_control_plane.model_url = "openai", before


@pytest.fixture
def scene(anthropic: ControlPlaneDouble) -> Scene:
    """A run on a model of Anthropic's."""
    return Scene(CLAUDE)


async def test_a_call_has_permit_record_and_one_id(scene: Scene, scripted_model: ScriptedModel):
    question = f"own protocol {scene.run_id}"
    scripted_model.script(
        {
            "match": {"userMessage": question},
            "response": {"content": "Bonjour.", "usage": {"input_tokens": 12, "output_tokens": 4}},
        }
    )

    answer = await scene.model.ainvoke([SystemMessage("Speak French."), HumanMessage(question)])

    [record], [request] = await scene.records(), scripted_model.calls(question)
    assert answer.text == "Bonjour."
    assert (request["path"], request["body"]["model"]) == ("/v1/messages", CLAUDE)
    assert attempt_id(request) == record["attempt_id"] == answer.response_metadata["attempt_id"]
    assert (record["model"], record["outcome"]) == (CLAUDE, "finished")
    # This server counts the prompt where the library does not look for it.
    assert (record["input_tokens"] > 0, record["output_tokens"], record["is_estimated"]) == (True, 4, True)


async def test_tools_are_told_and_their_results_go_back(scene: Scene, scripted_model: ScriptedModel):
    question = f"own tools {scene.run_id}"
    scripted_model.call_tool(question, "weather", {"city": "Lima"}, then="Dry.")
    model = scene.model.bind_tools([weather])

    asked = await model.ainvoke([HumanMessage(question)])
    [call] = asked.tool_calls
    assert (call["name"], call["args"]) == ("weather", {"city": "Lima"})
    result = ToolMessage(weather.invoke(call["args"]), tool_call_id=call["id"], name="weather")
    # A turn may have begun on a server of the other protocol.
    plain = AIMessage("", tool_calls=asked.tool_calls, id=asked.id)
    for history in ([HumanMessage(question), asked, result], [HumanMessage(question), plain, result]):
        assert (await model.ainvoke(history)).text == "Dry."

    assert [record["outcome"] for record in await scene.records()] == ["finished"] * 3


async def test_an_answer_in_a_schema(scene: Scene, scripted_model: ScriptedModel):
    properties = {"title": {"type": "string"}}
    schema = {"title": "Title", "description": "A title.", "type": "object", "properties": properties}
    question = f"own schema {scene.run_id}"
    scripted_model.reply(question, '{"title": "Rain"}')
    model = scene.model.with_structured_output(schema, method="json_schema")
    assert await model.ainvoke(question) == {"title": "Rain"}


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, ModelRefused), (401, ModelRefused), (429, ModelRateLimited), (529, ModelFailed)],
)
async def test_faults_are_told_apart(
    status: int, error: type[Exception], scene: Scene, scripted_model: ScriptedModel
):
    question = f"own fault {status} {scene.run_id}"
    scripted_model.fail(question, status, "words of the provider")
    with pytest.raises(error) as caught:
        await scene.model.ainvoke(question)
    assert "words of the provider" not in str(caught.value)
    records = await scene.records()
    assert {record["outcome"] for record in records} == {"failed"}
    # Only what passes by itself is asked for again.
    assert len(records) == (3 if status == 429 else 1)
    assert {(record["input_tokens"], record["output_tokens"]) for record in records} == {(0, 0)}


async def test_a_dead_server_cannot_be_reached(anthropic: ControlPlaneDouble, scene: Scene):
    anthropic.model_url = f"http://127.0.0.1:{free_ports(1)[0]}"
    with pytest.raises(ModelUnreachable):
        await scene.model.ainvoke("anybody there?")
    assert {record["input_tokens"] for record in await scene.records()} == {0}


async def test_a_library_that_is_missing_is_said(scene: Scene):
    with (
        patch("graphs.metering.providers.init_chat_model", side_effect=ImportError("pip install …")),
        pytest.raises(ModelRefused, match="not installed"),
    ):
        await scene.model.ainvoke("hello")
