"""Turns on a real Agent Server: streamed, metered, cancelled, failed."""

import asyncio
import json
import time
from uuid import UUID

import pytest
from langgraph_sdk.client import LangGraphClient

from tests.graphs.control_plane_double import WEBHOOK_SECRET, ControlPlaneDouble, refusal
from tests.graphs.server.wire import records_of, say, wait_for_record
from tests.scripted_model import ScriptedModel, attempt_id


async def test_a_turn_streams_and_is_metered(
    client: LangGraphClient,
    service: LangGraphClient,
    control_plane: ControlPlaneDouble,
    scripted_model: ScriptedModel,
    user_id: UUID,
):
    question = f"streamed {user_id}"
    scripted_model.reply(
        question, "One answer in many pieces.", prompt_tokens=9, completion_tokens=6, chunkSize=5
    )
    thread = await client.threads.create()
    pieces, run_id = [], ""
    async for part in client.runs.stream(
        thread["thread_id"], "agent", input=say(question), stream_mode="messages-tuple"
    ):
        if part.event == "metadata":
            run_id = part.data["run_id"]
        elif part.event == "messages" and part.data[0]["content"]:
            pieces.append(part.data[0]["content"])

    [record] = await records_of(service, run_id)
    [admission] = control_plane.admissions_of(thread["thread_id"])
    [permit] = control_plane.permits_of(run_id)
    [request] = scripted_model.calls(question)
    assert len(pieces) >= 3
    assert "".join(pieces) == "One answer in many pieces."
    assert (record["outcome"], record["input_tokens"], record["output_tokens"]) == ("finished", 9, 6)
    assert record["attempt_id"] == permit["attempt_id"] == attempt_id(request)
    assert admission == {
        "run_id": run_id,
        "thread_id": thread["thread_id"],
        "graph_id": "agent",
        "user_id": str(user_id),
        "role": "user",
        "token_version": 1,
        "is_resume": False,
        "if_not_exists": "reject",
        "requested": dict.fromkeys(
            ("model", "temperature", "max_tokens", "user_id", "source_thread_id"), None
        ),
    }


async def test_the_webhook_says_how_it_ended_and_no_more(
    client: LangGraphClient, control_plane: ControlPlaneDouble, scripted_model: ScriptedModel, user_id: UUID
):
    scripted_model.reply(f"hooked {user_id}", "Done.")
    thread = await client.threads.create()
    await client.runs.wait(
        thread["thread_id"], "agent", input=say(f"hooked {user_id}"), webhook="http://127.0.0.1:1/elsewhere"
    )

    deadline = time.monotonic() + 10
    while not (
        sent := [hook for hook in control_plane.webhooks if hook[1]["thread_id"] == thread["thread_id"]]
    ):
        assert time.monotonic() < deadline, "no webhook came"
        await asyncio.sleep(0.05)
    [(secret, payload)] = sent
    assert secret == WEBHOOK_SECRET
    assert payload["status"] == "success"
    assert set(payload) == {"run_id", "thread_id", "status", "run_started_at", "run_ended_at"}


async def test_a_second_message_continues_the_conversation(
    client: LangGraphClient, scripted_model: ScriptedModel, user_id: UUID
):
    for word in ("one", "two", "three"):
        scripted_model.reply(f"{word} {user_id}", word.upper())
    thread_id = (await client.threads.create())["thread_id"]

    for word in ("one", "two", "three"):
        values = await client.runs.wait(thread_id, "agent", input=say(f"{word} {user_id}"))

    assert [message["content"] for message in values["messages"]] == [
        f"one {user_id}",
        "ONE",
        f"two {user_id}",
        "TWO",
        f"three {user_id}",
        "THREE",
    ]
    assert len(await client.threads.get_history(thread_id, limit=50)) == 12


async def test_a_copy_keeps_its_owner_and_its_history(
    client: LangGraphClient, scripted_model: ScriptedModel, user_id: UUID
):
    scripted_model.reply(f"copied {user_id}", "Original.")
    thread_id = (await client.threads.create())["thread_id"]
    await client.runs.wait(thread_id, "agent", input=say(f"copied {user_id}"))

    copy = await client.threads.copy(thread_id)

    state = await client.threads.get_state(copy["thread_id"])
    assert copy["metadata"]["owner"] == str(user_id)
    assert [message["content"] for message in state["values"]["messages"]] == [
        f"copied {user_id}",
        "Original.",
    ]


async def test_a_cancelled_run_leaves_a_cancelled_record(
    client: LangGraphClient, service: LangGraphClient, scripted_model: ScriptedModel, user_id: UUID
):
    question = f"cancelled {user_id}"
    scripted_model.reply(question, "word " * 400, latency=20, chunkSize=5)
    thread = await client.threads.create()
    run_id, is_cancelled = "", False
    async for part in client.runs.stream(
        thread["thread_id"], "agent", input=say(question), stream_mode="messages-tuple"
    ):
        if part.event == "metadata":
            run_id = part.data["run_id"]
        elif part.event == "messages" and part.data[0]["content"] and not is_cancelled:
            # Once: what was on its way still comes, and by then the run may be over.
            is_cancelled = True
            await client.runs.cancel(thread["thread_id"], run_id, wait=True)

    record = await wait_for_record(service, run_id)
    assert (record["outcome"], record["is_estimated"]) == ("cancelled", True)
    assert record["output_tokens"] > 0
    assert (await client.runs.get(thread["thread_id"], run_id))["status"] == "interrupted"


async def test_a_rolled_back_run_is_billed_and_forgotten(
    client: LangGraphClient, service: LangGraphClient, scripted_model: ScriptedModel, user_id: UUID
):
    scripted_model.reply(f"kept {user_id}", "Kept.")
    scripted_model.reply(f"dropped {user_id}", "word " * 400, latency=20, chunkSize=5)
    thread = await client.threads.create()
    await client.runs.wait(thread["thread_id"], "agent", input=say(f"kept {user_id}"))
    run_id, is_cancelled = "", False
    async for part in client.runs.stream(
        thread["thread_id"], "agent", input=say(f"dropped {user_id}"), stream_mode="messages-tuple"
    ):
        if part.event == "metadata":
            run_id = part.data["run_id"]
        elif part.event == "messages" and part.data[0]["content"] and not is_cancelled:
            is_cancelled = True
            await client.runs.cancel(thread["thread_id"], run_id, wait=True, action="rollback")

    record = await wait_for_record(service, run_id)
    state = await client.threads.get_state(thread["thread_id"])
    assert record["outcome"] == "cancelled"
    assert [message["content"] for message in state["values"]["messages"]] == [f"kept {user_id}", "Kept."]


@pytest.mark.parametrize(
    ("status", "attempts", "error", "message"),
    [
        (500, 1, "ModelFailed", "The model's server failed to answer."),
        (429, 3, "ModelRateLimited", "The model's server is busy. Try again in a moment."),
        (401, 1, "ModelRefused", "The model's server does not accept the key of this installation."),
    ],
)
async def test_a_failing_model_ends_the_run_with_a_named_error(
    client: LangGraphClient,
    service: LangGraphClient,
    scripted_model: ScriptedModel,
    user_id: UUID,
    status: int,
    attempts: int,
    error: str,
    message: str,
):
    scripted_model.fail(f"failing {user_id}", status)
    thread = await client.threads.create()
    parts = [
        part
        async for part in client.runs.stream(thread["thread_id"], "agent", input=say(f"failing {user_id}"))
    ]

    [run] = await client.runs.list(thread["thread_id"])
    records = await records_of(service, run["run_id"])
    assert parts[-1].event == "error"
    assert parts[-1].data == {"error": error, "message": message}
    assert run["status"] == "error"
    assert [record["outcome"] for record in records] == ["failed"] * attempts


async def test_a_used_up_limit_in_the_middle_ends_the_run(
    client: LangGraphClient, control_plane: ControlPlaneDouble, scripted_model: ScriptedModel, user_id: UUID
):
    details = {"limit": 10, "used": 10, "remaining": 0, "resets_at": "2026-01-02T00:00:00+00:00"}
    control_plane.permit_refusals["model-of-the-poor"] = refusal(
        429, "limit_reached", "Today's tokens are used up.", details=details
    )
    thread = await client.threads.create()
    parts = [
        part
        async for part in client.runs.stream(
            thread["thread_id"],
            "agent",
            input=say(f"poor {user_id}"),
            context={"model": "model-of-the-poor"},
        )
    ]

    assert parts[-1].data["error"] == "LimitReached"
    assert json.loads(parts[-1].data["message"]) == {
        "message": "Today's tokens are used up.",
        "details": details,
    }
    assert scripted_model.calls(f"poor {user_id}") == []
