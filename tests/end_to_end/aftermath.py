"""What has to be true of a conversation after a part of the system was killed in the middle of its turn."""

import time
import uuid
from itertools import pairwise
from typing import Any

import httpx

from tests.end_to_end.api import eventually
from tests.end_to_end.held_runs import ANSWER_TOKENS, Conversation, HeldStack
from tests.scripted_model import attempt_id

BACK_SECONDS = 60.0
# What a client may be told while a part is on its way back; 409: the run that was cut is being repeated.
ON_THE_WAY_BACK = {409, 500, 502, 503, 504}


def next_turn(conversation: Conversation, began: float) -> float:
    """Open the session, then say the next thing until it is answered; returns the seconds since `began`."""
    opened = eventually(lambda: read(conversation), bool, within=BACK_SECONDS)
    assert opened[: len(conversation.checkpointed)] == conversation.checkpointed
    eventually(lambda: says_next(conversation), bool, within=BACK_SECONDS)
    return time.monotonic() - began


def read(conversation: Conversation) -> list[dict[str, Any]]:
    """Return the messages, none while a part is on its way back."""
    answer = ask(conversation, "GET", "history/")
    messages: list[dict[str, Any]] = answer.json()["messages"] if answer else []
    return messages


def says_next(conversation: Conversation) -> bool:
    """Say the next thing and tell whether it was answered."""
    return ask(conversation, "POST", "messages/", json={"message": conversation.line("next")}) is not None


def ask(conversation: Conversation, method: str, path: str, **options: Any) -> httpx.Response | None:
    """Call and return a good answer, None for what clients may see while a part is on its way back."""
    try:
        answer = conversation.api.http.request(method, f"sessions/{conversation.session}/{path}", **options)
    except httpx.TransportError:
        return None
    assert answer.status_code in ON_THE_WAY_BACK | {200}, answer.text
    return answer if answer.status_code == 200 else None


def unfinished(scene: HeldStack, conversation: Conversation) -> list[object]:
    """Return the user's open runs, pending rows and reservations."""
    user = uuid.UUID(conversation.user)
    return [
        *scene.rows("SELECT id, status FROM runs_run WHERE user_id = %s AND settled_at IS NULL", user),
        *scene.rows("SELECT id FROM usage_tokenusage WHERE user_id = %s AND state = 'pending'", user),
        *scene.rows(
            "SELECT reserved_tokens, reserved_cost FROM usage_dailycounter"
            " WHERE user_id = %s AND (reserved_tokens <> 0 OR reserved_cost <> 0)",
            user,
        ),
    ]


def check_history(conversation: Conversation) -> None:
    """What was checkpointed is there unchanged, nothing was said twice, and the next turn was answered."""
    history = conversation.api.history(conversation.session)
    assert history[: len(conversation.checkpointed)] == conversation.checkpointed
    said = [message["content"] for message in history if message["role"] == "human"]
    assert said[:2] == [conversation.line("first"), conversation.line("held")]
    # Who was told that the next line failed has said it again.
    assert set(said[2:]) == {conversation.line("next")}
    roles = [message["role"] for message in history]
    assert roles[-2:] == ["human", "ai"]
    assert ("ai", "ai") not in pairwise(roles)


def check_ledger(scene: HeldStack, conversation: Conversation, *, may_be_uncalled: bool) -> None:
    """Each call that reached the model has its row, and no row is without a call; the counter is their sum.

    `may_be_uncalled`: the answer to a permit may have been lost with its record, and then its row is by
    estimate. One that only came too late, as on a busy machine, leaves a row of nothing.
    """
    user = uuid.UUID(conversation.user)
    rows = {
        str(row["id"]): row
        for row in scene.rows(
            "SELECT id, outcome, is_estimated, prompt_tokens, completion_tokens, total_tokens"
            " FROM usage_tokenusage WHERE user_id = %s",
            user,
        )
    }
    calls = [attempt_id(entry) for entry in scene.model.calls(conversation.session)]
    assert len(calls) == len(set(calls))
    assert set(calls) <= set(rows)
    uncalled = [rows[one] for one in set(rows) - set(calls)]
    too_late = [row for row in uncalled if (row["outcome"], row["total_tokens"]) == ("failed", 0)]
    lost = [row for row in uncalled if row not in too_late]
    assert not lost or may_be_uncalled, lost
    assert all(row["outcome"] == "unknown" or row["total_tokens"] == 0 for row in lost)
    finished = [row for row in rows.values() if row["outcome"] == "finished"]
    assert {(row["prompt_tokens"], row["completion_tokens"]) for row in finished} == {ANSWER_TOKENS}
    assert all(row["is_estimated"] for row in rows.values() if row not in finished + too_late)
    counted = scene.rows("SELECT sum(tokens) AS tokens FROM usage_dailycounter WHERE user_id = %s", user)
    assert counted == [{"tokens": sum(row["total_tokens"] for row in rows.values())}]
