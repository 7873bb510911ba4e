"""What passes is asked again, what does not goes to the fallback; each attempt has its permit and record."""

import asyncio
import time
from typing import Any

import pytest
from langchain_core.messages import HumanMessage

from graphs.errors import GraphError, LimitReached, ModelFailed, ModelRateLimited, ModelUnreachable
from graphs.metering.calls import ModelCall
from tests.graphs.control_plane_double import ControlPlaneDouble, refusal
from tests.graphs.metering.scene import Scene
from tests.scripted_model import ScriptedModel

BUSY = {"error": {"message": "slow down", "type": "scripted"}, "status": 429}


def answer_in_turn(model: ScriptedModel, to: str, *responses: dict[str, Any]) -> None:
    """Answer the first request with the first response, and so on."""
    model.script(
        *(
            {"match": {"userMessage": to, "sequenceIndex": place}, "response": response}
            for place, response in enumerate(responses)
        )
    )


def with_fallbacks(scene: Scene, *names: str) -> Scene:
    scene.call = ModelCall(**{**vars(scene.call), "fallback_models": names})
    return scene


async def outcomes(scene: Scene) -> list[tuple[str, str, str]]:
    """Model, outcome and failure of each record, in the order of the calls."""
    records = sorted(await scene.records(), key=lambda record: record["attempt_id"])
    return [(record["model"], record["outcome"], record["failure"]) for record in records]


async def test_a_busy_server_is_asked_again_after_the_pause_it_asks_for(
    scene: Scene, behind_control_plane: ControlPlaneDouble, scripted_model: ScriptedModel
):
    question = f"busy once {scene.run_id}"
    answer_in_turn(scripted_model, question, {**BUSY, "retryAfter": 1}, {"content": "Now I can."})
    started = time.monotonic()

    answer = await scene.model.ainvoke([HumanMessage(question)])

    assert answer.text == "Now I can."
    assert time.monotonic() - started >= 1
    assert await outcomes(scene) == [
        ("gpt-4o-mini", "failed", "model_rate_limited"),
        ("gpt-4o-mini", "finished", ""),
    ]
    permits = behind_control_plane.permits_of(scene.run_id)
    assert [permit["attempt_id"] for permit in permits] == sorted(
        record["attempt_id"] for record in await scene.records()
    )
    assert answer.response_metadata["attempt_id"] == permits[-1]["attempt_id"]


async def test_a_pause_beyond_reason_is_not_waited_for(scene: Scene, scripted_model: ScriptedModel):
    question = f"busy for long {scene.run_id}"
    scripted_model.script({"match": {"userMessage": question}, "response": {**BUSY, "retryAfter": 3600}})

    with pytest.raises(ModelRateLimited):
        await scene.model.ainvoke([HumanMessage(question)])

    assert len(scripted_model.calls(question)) == 1


@pytest.mark.parametrize(
    ("status", "asked"), [(429, 3), (502, 3), (503, 3), (504, 3), (500, 1), (400, 1), (404, 1)]
)
async def test_only_what_may_pass_is_asked_again(
    scene: Scene, scripted_model: ScriptedModel, status: int, asked: int
):
    question = f"only passing {status} {scene.run_id}"
    scripted_model.fail(question, status)

    with pytest.raises(GraphError):
        await scene.model.ainvoke([HumanMessage(question)])

    assert len(scripted_model.calls(question)) == asked
    assert len(await scene.records()) == asked


async def test_an_account_without_credit_is_not_asked_again(scene: Scene, scripted_model: ScriptedModel):
    question = f"no credit {scene.run_id}"
    error = {"message": "used up", "type": "insufficient_quota", "code": "insufficient_quota"}
    scripted_model.script({"match": {"userMessage": question}, "response": {"error": error, "status": 429}})

    with pytest.raises(ModelRateLimited):
        await scene.model.ainvoke([HumanMessage(question)])

    assert len(scripted_model.calls(question)) == 1


async def test_an_answer_cut_after_its_first_words_is_not_repeated(
    scene: Scene, scripted_model: ScriptedModel
):
    question = f"cut late {scene.run_id}"
    scripted_model.reply(question, "word " * 50, latency=20, chunkSize=5, truncateAfterChunks=10)
    with pytest.raises(ModelUnreachable):
        await with_fallbacks(scene, "gpt-4o").model.ainvoke([HumanMessage(question)])

    assert len(scripted_model.calls(question)) == 1
    assert await outcomes(scene) == [("gpt-4o-mini", "failed", "model_unreachable")]


async def test_the_fallback_answers_where_the_model_fails(
    scene: Scene, behind_control_plane: ControlPlaneDouble, scripted_model: ScriptedModel
):
    question = f"fallback {scene.run_id}"
    scripted_model.script(
        {
            "match": {"userMessage": question, "model": "gpt-4o-mini"},
            "response": {"error": {"message": "down", "type": "scripted"}, "status": 500},
        },
        {"match": {"userMessage": question, "model": "gpt-4o"}, "response": {"content": "From the other."}},
    )

    answer = await with_fallbacks(scene, "gpt-4o").model.ainvoke([HumanMessage(question)])

    assert answer.text == "From the other."
    assert answer.response_metadata["model_name"] == "gpt-4o"
    assert await outcomes(scene) == [("gpt-4o-mini", "failed", "model_failed"), ("gpt-4o", "finished", "")]
    assert [permit["model"] for permit in behind_control_plane.permits_of(scene.run_id)] == [
        "gpt-4o-mini",
        "gpt-4o",
    ]


async def test_the_last_fallback_s_fault_ends_the_run(scene: Scene, scripted_model: ScriptedModel):
    question = f"all down {scene.run_id}"
    scripted_model.fail(question, 500)

    with pytest.raises(ModelFailed):
        await with_fallbacks(scene, "gpt-4o", "o3").model.ainvoke([HumanMessage(question)])

    assert [model for model, _, _ in await outcomes(scene)] == ["gpt-4o-mini", "gpt-4o", "o3"]


async def test_a_limit_in_the_way_of_a_retry_does_not_hide_the_fault(
    scene: Scene, behind_control_plane: ControlPlaneDouble, scripted_model: ScriptedModel
):
    question = f"limited retry {scene.run_id}"
    scripted_model.fail(question, 500)
    behind_control_plane.permit_refusals["the-dear-one"] = refusal(429, "limit_reached", "All used.")

    with pytest.raises(ModelFailed):
        await with_fallbacks(scene, "the-dear-one").model.ainvoke([HumanMessage(question)])


async def test_a_limit_before_the_first_attempt_goes_to_no_fallback(
    behind_control_plane: ControlPlaneDouble, scripted_model: ScriptedModel
):
    scene = Scene(model_name="limited-first")
    behind_control_plane.permit_refusals["limited-first"] = refusal(429, "limit_reached", "All used.")

    with pytest.raises(LimitReached):
        await with_fallbacks(scene, "gpt-4o").model.ainvoke([HumanMessage(f"limited {scene.run_id}")])

    assert len(behind_control_plane.permits_of(scene.run_id)) == 1


async def test_a_cancelled_pause_asks_no_more(scene: Scene, scripted_model: ScriptedModel):
    question = f"cancelled pause {scene.run_id}"
    scripted_model.script({"match": {"userMessage": question}, "response": {**BUSY, "retryAfter": 20}})

    asking = asyncio.create_task(scene.model.ainvoke([HumanMessage(question)]))
    while not await scene.records():  # noqa: ASYNC110  # the record is what shows that the pause began
        await asyncio.sleep(0.01)
    asking.cancel()

    with pytest.raises(asyncio.CancelledError):
        await asking
    assert len(scripted_model.calls(question)) == 1
