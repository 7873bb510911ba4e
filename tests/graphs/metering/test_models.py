"""A metered call: permit, key, record and the id that joins them."""

import logging
from uuid import UUID

import pytest
from langchain_core.messages import HumanMessage

from graphs.errors import (
    ModelRefused,
)
from graphs.metering.models import CONNECTIONS
from tests.graphs.conftest import Configure
from tests.graphs.control_plane_double import ControlPlaneDouble
from tests.graphs.metering.scene import Scene
from tests.scripted_model import ScriptedModel, attempt_id

KEY = "sk-from-the-permit"


async def test_a_finished_call_has_permit_record_and_one_id(
    scene: Scene, behind_control_plane: ControlPlaneDouble, scripted_model: ScriptedModel
):
    question = f"finished {scene.run_id}"
    scripted_model.reply(question, "Hello, you.", prompt_tokens=11, completion_tokens=3)

    answer = await scene.model.ainvoke([HumanMessage(question)])

    [permit] = behind_control_plane.permits_of(scene.run_id)
    [record] = await scene.records()
    [request] = scripted_model.calls(question)
    assert answer.text == "Hello, you."
    assert permit == {
        "run_id": scene.run_id,
        "attempt_id": record["attempt_id"],
        "model": "gpt-4o-mini",
        "node": "call_model",
        "request_type": "chat",
        "estimated_prompt_tokens": permit["estimated_prompt_tokens"],
        "max_output_tokens": 64,
    }
    assert UUID(record["attempt_id"]).version == 7
    assert attempt_id(request) == record["attempt_id"]
    assert record.pop("duration_ms") >= 0
    assert record.pop("ended_at").endswith("+00:00")
    assert record == {
        "attempt_id": permit["attempt_id"],
        "run_id": scene.run_id,
        "provider": "openai",
        "model": "gpt-4o-mini",
        "node": "call_model",
        "request_type": "chat",
        "outcome": "finished",
        "input_tokens": 11,
        "output_tokens": 3,
        "cached_tokens": 0,
        "reasoning_tokens": 0,
        "is_estimated": False,
        "failure": "",
        "own_key_version": "",
    }


async def test_the_key_is_used_and_kept_nowhere(
    scene: Scene, scripted_model: ScriptedModel, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    question = f"keyed {scene.run_id}"
    scripted_model.reply(question, "Yes.")
    model = scene.model

    answer = await model.ainvoke([HumanMessage(question)])

    assert KEY not in repr(model)
    assert KEY not in str(model.__dict__)
    assert KEY not in repr(answer)
    assert KEY not in str(await scene.records())
    assert KEY not in caplog.text


async def test_connections_are_shared_between_calls(scene: Scene):
    first, second = scene.model, scene.model

    assert first.root_async_client._client is second.root_async_client._client is CONNECTIONS.get()


async def test_standalone_uses_the_house_key_and_records_nothing(
    standalone: Scene, control_plane: ControlPlaneDouble, scripted_model: ScriptedModel
):
    question = f"standalone {standalone.run_id}"
    scripted_model.reply(question, "Alone.")

    assert (await standalone.model.ainvoke([HumanMessage(question)])).text == "Alone."

    assert len(scripted_model.calls(question)) == 1
    assert await standalone.records() == []
    assert control_plane.permits_of(standalone.run_id) == []


async def test_standalone_without_a_key_says_so(configure: Configure):
    configure()

    with pytest.raises(ModelRefused, match="No key"):
        _ = Scene().model


@pytest.mark.parametrize("way", ["invoke", "stream"])
async def test_there_is_no_way_around_the_meter(standalone: Scene, scripted_model: ScriptedModel, way: str):
    question = f"around {standalone.run_id}"
    scripted_model.reply(question, "Caught.")

    with pytest.raises(NotImplementedError):
        list(getattr(standalone.model, way)([HumanMessage(question)]))

    assert scripted_model.calls(question) == []
