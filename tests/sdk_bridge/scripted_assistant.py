"""For the in-memory server: what agent_server/scripted_graph.py and static_auth.py are for the real one."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import NAMESPACE_URL, uuid5

from sdk_bridge import (
    Conflict,
    InvalidRequest,
    LimitReached,
    Message,
    PendingInterrupt,
    Refused,
    ServerBusy,
    ThreadDeleted,
    ToolCallRequest,
    UsageRecord,
)
from sdk_bridge.memory import Reply, RunAttempt, Turn


class ModelUnreachable(Exception):
    """Stands for the graphs' error of the same name."""


FAILURES = {
    "fail with a limit": type("LimitReached", (Exception,), {})("The daily limit is used up."),
    "fail without a model": ModelUnreachable("The model cannot be reached."),
    "fail somehow": RuntimeError("database password is hunter2"),
}

REFUSALS = {
    "limit": LimitReached(
        "The daily limit is used up.",
        details={"limit": 5, "used": 5, "remaining": 0, "resets_at": "2026-01-03T00:00:00Z"},
    ),
    "deleted": ThreadDeleted("This conversation was deleted."),
    "archived": Conflict("Restore it first.", code="session_archived"),
    "inactive": Refused("The account is switched off.", code="user_inactive"),
    "invalid": InvalidRequest("No such model.", code="validation_failed", fields={"model": ["unknown"]}),
    "unreachable": ServerBusy("The Agent Server cannot serve this now."),
}


async def refuse_as_asked(attempt: RunAttempt) -> None:
    """Refuse what asks for it by the name of its model."""
    refusal = REFUSALS.get((attempt.request.model or "").removeprefix("refuse:"))
    if refusal is not None:
        raise refusal


async def scripted_assistant(turn: Turn) -> AsyncIterator[Reply]:
    """Do what the last human message says."""
    if turn.asked in FAILURES:
        raise FAILURES[turn.asked]
    if turn.asked == "ask me" and turn.request.resume is None:
        yield PendingInterrupt("the-question", {"question": "Which one?"})
        return
    if turn.asked == "ask me":
        yield f"You answered {turn.request.resume}."
        return
    yield usage_record(turn)
    async for reply in answer(turn.asked):
        yield reply


async def answer(asked: str) -> AsyncIterator[Reply]:
    """Answer a question that is neither a failure nor an interrupt."""
    match asked:
        case "use the tool":
            yield tool_call("lookup", {"query": "answer"})
            yield tool_result("lookup", "42")
            yield "The tool said 42."
        case "use the broken tool":
            yield tool_call("broken", {})
            yield tool_result("broken", "out of order", is_error=True)
            yield "The tool failed."
        case "be slow":
            for _ in range(200):
                await asyncio.sleep(0.05)
                yield "tick"
        case "count":
            for piece in ["1", " 2", " 3", " 4", " 5"]:
                yield piece
        case "speak in blocks":
            for piece in "Block text.".partition(" "):
                yield piece
        case _:
            for piece in ["You", " said", *(f" {word}" for word in asked.split(" "))]:
                yield piece


def tool_call(name: str, arguments: dict[str, object]) -> Message:
    return Message("the-call", "ai", "", (ToolCallRequest("call-1", name, arguments),))


def tool_result(name: str, text: str, *, is_error: bool = False) -> Message:
    return Message("result-of-call-1", "tool", text, tool_call_id="call-1", name=name, is_error=is_error)


def usage_record(turn: Turn) -> UsageRecord:
    return UsageRecord(
        attempt_id=uuid5(NAMESPACE_URL, str(turn.run_id)),
        run_id=turn.run_id,
        provider="scripted",
        model="parrot",
        node="call_model",
        request_type="chat",
        outcome="finished",
        input_tokens=7,
        output_tokens=3,
        cached_tokens=0,
        reasoning_tokens=0,
        is_estimated=False,
        duration_ms=1,
        ended_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    )
