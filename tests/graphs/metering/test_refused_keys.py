"""What a run ends with, and what its record says, when a provider does not accept the key of a call."""

import json

import pytest
from langchain_core.messages import HumanMessage

from graphs.errors import GraphError, KeyRefused, ModelRefused
from tests.graphs.control_plane_double import ControlPlaneDouble, refusal
from tests.graphs.metering.scene import Scene
from tests.scripted_model import ScriptedModel

KEY = "sk-from-the-permit"
OWN = {"provider": "groq", "version": "2026-03-01T09:30:00+00:00"}
SAID = "groq does not accept your API key. Enter it anew, or have it validated."


@pytest.fixture
def own_key(behind_control_plane: ControlPlaneDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    """Permits that bring the user's own key."""
    monkeypatch.setattr(behind_control_plane, "own_key", OWN)


async def failure_of(scene: Scene, model: ScriptedModel, status: int, **error: str) -> GraphError:
    question = f"key {status} {scene.run_id}"
    answer = {"error": {"message": f"Incorrect API key provided: {KEY}", "type": "scripted", **error}}
    model.script({"match": {"userMessage": question}, "response": {**answer, "status": status}})
    with pytest.raises(GraphError) as failed:
        await scene.model.ainvoke([HumanMessage(question)])
    assert KEY not in str(failed.value)
    return failed.value


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.usefixtures("own_key")
async def test_user_is_told_that_it_is_their_key_and_whose(
    scene: Scene, scripted_model: ScriptedModel, status: int
):
    failure = await failure_of(scene, scripted_model, status)

    [record] = await scene.records()
    assert type(failure) is KeyRefused
    assert json.loads(str(failure)) == {"message": SAID, "details": {"provider": "groq"}}
    assert (record["outcome"], record["failure"]) == ("failed", "key_refused")
    assert record["own_key_version"] == OWN["version"]


@pytest.mark.parametrize("status", [401, 403])
async def test_the_house_s_key_is_not_called_the_user_s(
    scene: Scene, scripted_model: ScriptedModel, status: int
):
    failure = await failure_of(scene, scripted_model, status)

    [record] = await scene.records()
    assert type(failure) is ModelRefused
    assert str(failure) == "The model's server does not accept the key of this installation."
    assert (record["failure"], record["own_key_version"]) == ("model_refused", "")


@pytest.mark.usefixtures("own_key")
async def test_a_good_key_that_may_not_use_the_model_is_not_bad(scene: Scene, scripted_model: ScriptedModel):
    failure = await failure_of(scene, scripted_model, 403, code="model_not_found")

    [record] = await scene.records()
    assert type(failure) is ModelRefused
    assert str(failure) == "The model's server does not know this model."
    assert record["failure"] == "model_refused"


@pytest.mark.usefixtures("own_key")
async def test_record_of_a_finished_call_says_of_no_failure(scene: Scene, scripted_model: ScriptedModel):
    scripted_model.reply(f"fine {scene.run_id}", "Fine.")

    await scene.model.ainvoke([HumanMessage(f"fine {scene.run_id}")])

    [record] = await scene.records()
    assert (record["failure"], record["own_key_version"]) == ("", OWN["version"])


async def test_key_that_is_known_to_be_bad_ends_the_run_with_the_same_error(
    behind_control_plane: ControlPlaneDouble, scripted_model: ScriptedModel
):
    scene = Scene(model_name="known-to-be-bad")
    refused = refusal(409, "key_refused", SAID, details={"provider": "groq"})
    behind_control_plane.permit_refusals[scene.call.model] = refused
    question = f"known {scene.run_id}"

    with pytest.raises(KeyRefused) as failed:
        await scene.model.ainvoke([HumanMessage(question)])

    assert json.loads(str(failed.value)) == {"message": SAID, "details": {"provider": "groq"}}
    assert scripted_model.calls(question) == []
