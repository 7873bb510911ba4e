import asyncio
import logging
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
from langchain_core.messages import HumanMessage
from langgraph.store.memory import InMemoryStore

from graphs.control_plane import CLIENTS
from graphs.errors import (
    ControlPlaneUnreachable,
    GraphError,
    LimitReached,
    ModelFailed,
    ModelRateLimited,
    ModelRefused,
    ModelTimedOut,
    ModelUnreachable,
    RunRefused,
)
from graphs.metering.calls import ModelCall, RequestType
from graphs.metering.models import CONNECTIONS, MeteredChat, metered_model
from tests.graphs.conftest import Configure
from tests.graphs.control_plane_double import SECRET, ControlPlaneDouble, refusal
from tests.ports import free_ports
from tests.scripted_model import ScriptedModel, attempt_id

KEY = "sk-from-the-permit"


class Scene:
    """One run, its store, and the model within it."""

    def __init__(self, model_name: str = "gpt-4o-mini") -> None:
        self.run_id = str(uuid4())
        self.store = InMemoryStore()
        self.call = ModelCall(
            run_id=self.run_id,
            node="call_model",
            request_type=RequestType.CHAT,
            model=model_name,
            temperature=None,
            max_tokens=64,
            store=self.store,
        )

    @property
    def model(self) -> MeteredChat:
        return metered_model(self.call)

    async def records(self) -> list[dict]:
        return [item.value for item in await self.store.asearch(("usage", self.run_id))]


@pytest.fixture
def scene(behind_control_plane: ControlPlaneDouble) -> Scene:
    return Scene()


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


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, ModelRefused),
        (401, ModelRefused),
        (403, ModelRefused),
        (404, ModelRefused),
        (408, ModelTimedOut),
        (429, ModelRateLimited),
        (500, ModelFailed),
        (503, ModelFailed),
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

    [record] = await scene.records()
    assert (record["outcome"], record["input_tokens"], record["is_estimated"]) == ("failed", 0, False)


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
    scene = Scene(model_name=f"refused-{status}")
    behind_control_plane.permit_refusals[scene.call.model] = refusal(status, code, "You have used it all.")
    question = f"refused {scene.run_id}"

    with pytest.raises(kind) as refused:
        await scene.model.ainvoke([HumanMessage(question)])

    assert type(refused.value) is kind
    assert str(refused.value) == (
        "The control plane is out of order." if status == 500 else "You have used it all."
    )
    assert scripted_model.calls(question) == []
    assert await scene.records() == []


async def test_a_store_that_fails_does_not_hide_the_answer(scene: Scene, scripted_model: ScriptedModel):
    question = f"lost {scene.run_id}"
    scripted_model.reply(question, "Still here.")

    class BrokenStore(InMemoryStore):
        async def aput(self, *args: object, **options: object) -> None:
            raise ConnectionError("gone")

    scene.store = BrokenStore()
    scene.call = ModelCall(**{**vars(scene.call), "store": scene.store})

    assert (await scene.model.ainvoke([HumanMessage(question)])).text == "Still here."


async def test_connections_are_shared_between_calls(scene: Scene):
    first, second = scene.model, scene.model

    assert first.root_async_client._client is second.root_async_client._client is CONNECTIONS.get()


@pytest.fixture
async def standalone(configure: Configure, scripted_model: ScriptedModel) -> AsyncIterator[Scene]:
    configure(OPENAI_BASE_URL=scripted_model.url, OPENAI_API_KEY="sk-own")
    yield Scene()
    await CONNECTIONS.get().aclose()


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
