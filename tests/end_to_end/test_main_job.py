"""The main job: a turn streams through the Agent Server, and the ledger agrees with the provider."""

import asyncio
import uuid
from typing import Any

from langgraph_sdk import get_client

from tests.end_to_end.api import Api, eventually
from tests.running_stack import RunningStack
from tests.scripted_model import ScriptedModel, attempt_id

SLOW = {"streamingProfile": {"ttft": 50, "tps": 20}, "chunkSize": 8}


def test_a_turn_streams_and_is_billed_as_the_provider_counted_it(
    api: Api, scripted_model: ScriptedModel
) -> None:
    word = f"stream-{uuid.uuid4()}"
    text = "A ledger is a book of accounts that nobody may rewrite."
    scripted_model.reply(word, text, prompt_tokens=41, completion_tokens=13, **SLOW)
    session = api.new_session()

    events = list(api.stream(session, f"Hello {word}"))

    tokens = [event for event in events if event.name == "token"]
    assert events[0].name == "run"
    assert events[-1].name == "end"
    assert events[-1].data["status"] == "success"
    assert "".join(event.data["text"] for event in tokens) == text
    assert len(tokens) >= 2
    assert tokens[-1].arrived - tokens[0].arrived > 0.1, "the pieces came all at once"
    (row,) = api.settled_usage(run=events[0].data["run_id"])
    (call,) = scripted_model.calls(word)
    assert row["id"] == attempt_id(call)
    assert (row["prompt_tokens"], row["completion_tokens"], row["total_tokens"]) == (41, 13, 54)
    assert (row["outcome"], row["is_estimated"], row["request_type"]) == ("finished", False, "chat")
    assert row["total_cost"] is not None
    assert float(row["total_cost"]) > 0


def test_json_answer_and_history_agree(api: Api, scripted_model: ScriptedModel) -> None:
    word = f"json-{uuid.uuid4()}"
    scripted_model.reply(word, "Forty-two.")
    session = api.new_session()

    answer = api.say(session, f"Say {word}")

    assert answer["status"] == "success"
    assert answer["message"]["content"] == "Forty-two."
    history = api.history(session)
    assert [(message["role"], message["content"]) for message in history] == [
        ("human", f"Say {word}"),
        ("ai", "Forty-two."),
    ]


def test_tool_calls_run_and_every_model_call_is_billed(api: Api, scripted_model: ScriptedModel) -> None:
    word = f"tool-{uuid.uuid4()}"
    scripted_model.call_tool(word, "calculator", {"expression": "6 * 7"}, then="It is 42.")
    session = api.new_session()

    events = list(api.stream(session, f"Compute {word}"))

    results = [event.data for event in events if event.name == "tool_result"]
    assert [(result["name"], result["content"]) for result in results] == [("calculator", "42")]
    rows = api.settled_usage(calls=2, run=events[0].data["run_id"])
    assert {row["id"] for row in rows} == {attempt_id(call) for call in scripted_model.calls(word)}


def test_session_counters_follow_the_ledger(api: Api, scripted_model: ScriptedModel) -> None:
    word = f"count-{uuid.uuid4()}"
    scripted_model.reply(word, "Counted.", prompt_tokens=30, completion_tokens=4)
    session = api.new_session()
    for turn in range(2):
        api.say(session, f"{word} {turn}")

    api.settled_usage(calls=2, session=session)

    seen = eventually(
        lambda: api.expect(200, "GET", f"sessions/{session}/"),
        lambda answer: answer["total_tokens_used"] == 68,
        within=10,
    )
    assert seen["message_count"] == 2


def test_a_cancelled_turn_is_billed_by_estimate(api: Api, scripted_model: ScriptedModel) -> None:
    word = f"cancel-{uuid.uuid4()}"
    scripted_model.reply(word, "word " * 400, streamingProfile={"ttft": 20, "tps": 20}, chunkSize=5)
    session = api.new_session()
    stream = api.stream(session, f"Go on {word}")
    run_id = ""
    for event in stream:
        if event.name == "run":
            run_id = event.data["run_id"]
        if event.name == "token":
            break

    api.http.post(f"sessions/{session}/runs/{run_id}/cancel/").raise_for_status()
    stream.close()

    (row,) = api.settled_usage(run=run_id)
    (call,) = scripted_model.calls(word)
    assert row["id"] == attempt_id(call)
    assert (row["outcome"], row["is_estimated"]) == ("cancelled", True)
    assert row["completion_tokens"] > 0


def test_the_public_sdk_needs_only_a_url_and_a_token(
    api: Api, stack: RunningStack, scripted_model: ScriptedModel
) -> None:
    word = f"sdk-{uuid.uuid4()}"
    scripted_model.reply(word, "Straight from the Agent Server.", prompt_tokens=21, completion_tokens=6)
    access = api.expect(200, "POST", "auth/agent-token/")
    session = api.new_session()

    run_id, text = asyncio.run(_sdk_turn(access, session, f"Hello {word}"))

    assert text == "Straight from the Agent Server."
    (row,) = api.settled_usage(run=run_id)
    assert (row["prompt_tokens"], row["completion_tokens"]) == (21, 6)


async def _sdk_turn(access: dict[str, Any], thread_id: str, message: str) -> tuple[str, str]:
    client = get_client(
        url=access["agent_url"], api_key=None, headers={"Authorization": f"Bearer {access['token']}"}
    )
    run_id, text = "", ""
    async with client:
        async for part in client.runs.stream(
            thread_id,
            "agent",
            input={"messages": [{"role": "user", "content": message}]},
            stream_mode="messages-tuple",
        ):
            if part.event == "metadata":
                run_id = part.data["run_id"]
            if part.event == "messages" and part.data[0]["type"] == "AIMessageChunk":
                text += part.data[0]["content"]
    return run_id, text
