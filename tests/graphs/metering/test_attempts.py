"""Calls that fail, are cut, cancelled or refused leave the right record and the right error."""

import asyncio
import json

import httpx
import pytest
from langchain_core.messages import HumanMessage
from langgraph.store.memory import InMemoryStore

from graphs import control_plane
from graphs.control_plane import CLIENTS
from graphs.errors import (
    ControlPlaneUnreachable,
    GraphError,
    LimitReached,
    ModelFailed,
    ModelRefused,
    ModelTimedOut,
    ModelUnreachable,
    RunRefused,
)
from graphs.metering.calls import ModelCall
from graphs.metering.models import CONNECTIONS
from tests.graphs.conftest import Configure
from tests.graphs.control_plane_double import SECRET, ControlPlaneDouble, refusal
from tests.graphs.metering.scene import Scene
from tests.ports import free_ports
from tests.scripted_model import ScriptedModel

KEY = "sk-from-the-permit"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, ModelRefused),
        (401, ModelRefused),
        (403, ModelRefused),
        (404, ModelRefused),
        (408, ModelTimedOut),
        (500, ModelFailed),
    ],
)
async def test_an_error_status_is_named_asked_once_and_free(
    scene: Scene, scripted_model: ScriptedModel, status: int, kind: type[GraphError]
):
    question = f"status {status} {scene.run_id}"
    scripted_model.fail(question, status, message=f"Incorrect API key provided: {KEY}")

    with pytest.raises(kind) as failed:
        await scene.model.ainvoke([HumanMessage(question)])

    [record] = await scene.records()
    assert type(failed.value) is kind
    assert KEY not in str(failed.value)
    assert len(scripted_model.calls(question)) == 1
    assert (record["outcome"], record["input_tokens"], record["output_tokens"]) == ("failed", 0, 0)
    assert not record["is_estimated"]


async def test_a_dead_model_server_is_unreachable_and_free(
    scene: Scene, behind_control_plane: ControlPlaneDouble, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(behind_control_plane, "model_url", f"http://127.0.0.1:{free_ports(1)[0]}/v1")

    with pytest.raises(ModelUnreachable):
        await scene.model.ainvoke([HumanMessage("anybody?")])

    records = await scene.records()
    assert len(records) == 3
    assert {(row["outcome"], row["input_tokens"], row["is_estimated"]) for row in records} == {
        ("failed", 0, False)
    }


async def test_an_answer_cut_in_the_middle_is_estimated(scene: Scene, scripted_model: ScriptedModel):
    question = f"cut {scene.run_id}"
    scripted_model.reply(question, "word " * 50, latency=20, chunkSize=5, disconnectAfterMs=200)

    with pytest.raises(ModelUnreachable):
        await scene.model.ainvoke([HumanMessage(question)])

    [record] = await scene.records()
    assert record["outcome"] == "failed"
    assert record["is_estimated"]
    assert record["input_tokens"] > 0
    assert 0 < record["output_tokens"] < 62


async def test_a_cancelled_call_leaves_an_estimate(scene: Scene, scripted_model: ScriptedModel):
    question = f"cancelled {scene.run_id}"
    scripted_model.reply(question, "word " * 200, latency=20, chunkSize=5)
    first_word = asyncio.Event()

    async def listen() -> None:
        async for chunk in scene.model.astream([HumanMessage(question)]):
            if chunk.text:
                first_word.set()

    listening = asyncio.create_task(listen())
    await first_word.wait()
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening

    [record] = await scene.records()
    assert (record["outcome"], record["is_estimated"]) == ("cancelled", True)
    assert record["input_tokens"] > 0
    assert record["output_tokens"] > 0


@pytest.mark.parametrize(
    "variable", ["MODEL_IDLE_TIMEOUT_SECONDS", "MODEL_CALL_TIMEOUT_SECONDS"], ids=["silent", "too long"]
)
async def test_a_slow_model_times_out(
    configure: Configure,
    control_plane: ControlPlaneDouble,
    key_file,
    scripted_model: ScriptedModel,
    variable: str,
):
    environment = {variable: "0.3"}
    configure(
        CONTROL_PLANE_URL=control_plane.url,
        CONTROL_PLANE_SECRET=SECRET,
        AGENT_JWKS_FILE=str(key_file),
        **environment,
    )
    scene = Scene()
    question = f"slow {scene.run_id}"
    scripted_model.reply(question, "word " * 20, latency=1000, chunkSize=5)

    with pytest.raises(ModelTimedOut):
        await scene.model.ainvoke([HumanMessage(question)])

    [record] = await scene.records()
    assert (record["outcome"], record["is_estimated"]) == ("failed", True)
    await CLIENTS.get().aclose()
    await CONNECTIONS.get().aclose()


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (429, "limit_reached", LimitReached),
        (409, "run_over", RunRefused),
        (409, "key_unreadable", RunRefused),
        (404, "run_not_found", RunRefused),
        (500, "server_error", ControlPlaneUnreachable),
    ],
)
async def test_without_a_permit_no_model_is_called(
    behind_control_plane: ControlPlaneDouble,
    scripted_model: ScriptedModel,
    status: int,
    code: str,
    kind: type[GraphError],
):
    scene = Scene(model_name=f"refused-{code}")
    behind_control_plane.permit_refusals[scene.call.model] = refusal(status, code, "You have used it all.")
    question = f"refused {scene.run_id}"

    with pytest.raises(kind) as refused:
        await scene.model.ainvoke([HumanMessage(question)])

    assert type(refused.value) is kind
    said = {
        429: "You have used it all.",
        500: "The control plane is out of order.",
    }
    # Among the refusals of one class, clients tell by the reason what their user has to do.
    reasoned = json.dumps({"message": "You have used it all.", "details": {"reason": code}})
    assert str(refused.value) == said.get(status, reasoned)
    assert scripted_model.calls(question) == []
    # Out of order may mean that the permit was given: the record says that nothing was used of it.
    records = [(record["outcome"], record["output_tokens"]) for record in await scene.records()]
    assert records == ([("failed", 0)] if status == 500 else [])


async def test_a_used_up_limit_says_which_one(behind_control_plane: ControlPlaneDouble):
    scene = Scene(model_name="limited")
    details = {"limit": 10, "used": 9, "remaining": 1, "resets_at": "2026-01-02T00:00:00+00:00"}
    behind_control_plane.permit_refusals["limited"] = refusal(
        429, "limit_reached", "You have used it all.", details=details
    )

    with pytest.raises(LimitReached) as refused:
        await scene.model.ainvoke([HumanMessage("hello")])

    assert json.loads(str(refused.value)) == {"message": "You have used it all.", "details": details}


@pytest.mark.parametrize("outcome", ["failed", "cancelled"])
async def test_a_permit_whose_answer_is_lost_is_free(
    behind_control_plane: ControlPlaneDouble,
    scripted_model: ScriptedModel,
    monkeypatch: pytest.MonkeyPatch,
    outcome: str,
):
    monkeypatch.setattr(control_plane, "TIMEOUT", httpx.Timeout(0.3 if outcome == "failed" else 60))
    scene = Scene(model_name=f"slow-permit-{outcome}")
    behind_control_plane.slow_permits[scene.call.model] = 1
    question = f"lost permit {scene.run_id}"

    asking = asyncio.create_task(scene.model.ainvoke([HumanMessage(question)]))
    while not (asked := behind_control_plane.permits_of(scene.run_id)):  # noqa: ASYNC110  # it serves from a thread
        await asyncio.sleep(0.01)
    if outcome == "cancelled":
        asking.cancel()
    with pytest.raises(ControlPlaneUnreachable if outcome == "failed" else asyncio.CancelledError):
        await asking

    [record] = await scene.records()
    assert record["attempt_id"] == asked[0]["attempt_id"]
    assert (record["outcome"], record["is_estimated"]) == (outcome, False)
    assert (record["input_tokens"], record["output_tokens"]) == (0, 0)
    assert scripted_model.calls(question) == []


async def test_a_permit_that_could_not_be_asked_for_leaves_nothing(configure: Configure, key_file):
    configure(
        CONTROL_PLANE_URL=f"http://127.0.0.1:{free_ports(1)[0]}",
        CONTROL_PLANE_SECRET=SECRET,
        AGENT_JWKS_FILE=str(key_file),
    )
    scene = Scene()

    with pytest.raises(ControlPlaneUnreachable):
        await scene.model.ainvoke([HumanMessage("hello")])

    assert await scene.records() == []
    await CLIENTS.get().aclose()
    await CONNECTIONS.get().aclose()


async def test_a_store_that_fails_does_not_hide_the_answer(scene: Scene, scripted_model: ScriptedModel):
    question = f"lost {scene.run_id}"
    scripted_model.reply(question, "Still here.")

    class BrokenStore(InMemoryStore):
        async def aput(self, *args: object, **options: object) -> None:
            raise ConnectionError("gone")

    scene.store = BrokenStore()
    scene.call = ModelCall(**{**vars(scene.call), "store": scene.store})

    assert (await scene.model.ainvoke([HumanMessage(question)])).text == "Still here."
