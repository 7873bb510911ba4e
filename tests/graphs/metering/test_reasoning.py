"""A model's reasoning is streamed and kept apart from its text, counted, and not sent back."""

import json

import pytest
from langchain_core.messages import AIMessage, HumanMessage

from tests.graphs.metering.scene import Scene
from tests.scripted_model import ScriptedModel


async def test_reasoning_is_kept_apart(scene: Scene, scripted_model: ScriptedModel):
    question = f"think {scene.run_id}"
    scripted_model.script(
        {
            "match": {"userMessage": question},
            "response": {"content": "It is 42.", "reasoning": "Six times seven."},
        }
    )

    chunks = [chunk async for chunk in scene.model.astream([HumanMessage(question)])]
    answer = await scene.model.ainvoke([HumanMessage(question)])

    assert "".join(chunk.text for chunk in chunks) == answer.text == "It is 42."
    streamed = [chunk.additional_kwargs.get("reasoning_content", "") for chunk in chunks]
    assert "".join(streamed) == answer.additional_kwargs["reasoning_content"] == "Six times seven."


async def test_reasoning_is_not_sent_back(scene: Scene, scripted_model: ScriptedModel):
    question = f"think on {scene.run_id}"
    scripted_model.reply(question, "Yes.")
    thought = AIMessage("No.", additional_kwargs={"reasoning_content": "a-secret-thought"})

    await scene.model.ainvoke([HumanMessage("Before."), thought, HumanMessage(question)])

    [call] = scripted_model.calls(question)
    assert "a-secret-thought" not in json.dumps(call["body"])


@pytest.mark.parametrize("place", ["reasoning_content", "reasoning"])
async def test_both_places_are_read(scene: Scene, place: str):
    raw = {"choices": [{"delta": {"role": "assistant", "content": "", place: "Hm."}, "index": 0}]}

    chunk = scene.model._convert_chunk_to_generation_chunk(raw, AIMessage, None)

    assert chunk is not None
    assert chunk.message.additional_kwargs["reasoning_content"] == "Hm."
