"""A second message while the first is being answered: each strategy leaves the right state and bill."""

import asyncio
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import psycopg
import pytest
from langgraph_sdk.client import LangGraphClient
from langgraph_sdk.errors import ConflictError

from tests.end_to_end.own_accounts import Account, Bill
from tests.running_stack import RunningStack
from tests.scripted_model import ScriptedModel, attempt_id

SLOW_ANSWER = "A long story, told slowly. " * 8
QUICK_ANSWER = "Here I am."
SLOW_TOKENS, QUICK_TOKENS = (31, 64), (47, 5)
SOME_WORDS = 40

STATE_OF_RUN = """
    SELECT 'checkpoint' AS kind FROM checkpoints
        WHERE thread_id = %(thread)s AND metadata->>'run_id' = %(run)s
    UNION ALL SELECT 'orphaned write' FROM checkpoint_writes w WHERE thread_id = %(thread)s AND NOT EXISTS (
        SELECT 1 FROM checkpoints c WHERE (c.thread_id, c.checkpoint_ns, c.checkpoint_id)
            = (w.thread_id, w.checkpoint_ns, w.checkpoint_id))
    UNION ALL SELECT 'write' FROM checkpoint_writes
        WHERE thread_id = %(thread)s AND position(%(word)s IN blob) > 0
    UNION ALL SELECT 'blob' FROM checkpoint_blobs
        WHERE thread_id = %(thread)s AND position(%(word)s IN blob) > 0
"""


@dataclass(frozen=True)
class Collision:
    """A slow run that was in mid-stream, `heard` so far, when a second one was sent."""

    session: str
    first: str
    heard: str
    slow: str
    quick: str
    second: str = ""


@pytest.fixture
def account(stack: RunningStack) -> Account:
    """A user who has nothing yet."""
    return Account.new(stack)


@pytest.fixture
def words(scripted_model: ScriptedModel) -> tuple[str, str]:
    """What is answered slowly, and what is answered at once."""
    slow, quick = f"slow-{uuid.uuid4()}", f"quick-{uuid.uuid4()}"
    for word, answer, (prompt, completion), pace in (
        (slow, SLOW_ANSWER, SLOW_TOKENS, {"latency": 100, "chunkSize": 4}),
        (quick, QUICK_ANSWER, QUICK_TOKENS, {}),
    ):
        scripted_model.reply(word, answer, prompt_tokens=prompt, completion_tokens=completion, **pace)
    return slow, quick


async def collide(
    client: LangGraphClient, words: tuple[str, str], strategy: Any, *, meanwhile: Callable[[str], object]
) -> Collision:
    """Send a second message while the first is being answered; then do something, and wait for both."""
    slow, quick = words
    thread = (await client.threads.create())["thread_id"]
    first = await client.runs.create(thread, "agent", input=saying(slow), stream_mode="messages-tuple")
    heard = await listen(client, thread, first["run_id"])
    both = Collision(thread, first["run_id"], heard, slow, quick)
    try:
        second = await client.runs.create(thread, "agent", input=saying(quick), multitask_strategy=strategy)
        both = replace(both, second=second["run_id"])
    except ConflictError:
        assert strategy == "reject"
    await asyncio.to_thread(meanwhile, thread)
    await client.runs.join(thread, both.second or both.first)
    return both


async def listen(client: LangGraphClient, thread: str, run: str) -> str:
    """Follow an answer until some of it was heard, and return that."""
    heard = ""
    async for part in client.runs.join_stream(thread, run):
        if part.event == "messages":
            heard += part.data[0]["content"]
        if len(heard) > SOME_WORDS:
            return heard
    raise AssertionError(f"over before it was in mid-stream: {heard!r}")


def saying(text: str) -> dict[str, Any]:
    """Return the input of a run that answers this text."""
    return {"messages": [{"type": "human", "content": text}]}


def play(
    account: Account, words: tuple[str, str], strategy: str, meanwhile: Callable[[str], object] = str
) -> Collision:
    """Let two messages meet on a new thread of the account."""
    return asyncio.run(
        account.connected(lambda client: collide(client, words, strategy, meanwhile=meanwhile))
    )


def said(account: Account, session: str) -> list[str]:
    """Return the texts of a session's history."""
    return [message["content"] for message in account.api.history(session)]


def price_of(word: str, model: ScriptedModel, bill: Bill) -> tuple[Any, ...]:
    """Return what was booked for the one call that the model saw with this word."""
    (entry,) = model.calls(word)
    call = bill[attempt_id(entry)]
    return call["outcome"], call["is_estimated"], call["prompt_tokens"], call["completion_tokens"]


def assert_estimated(price: tuple[Any, ...], both: Collision) -> None:
    """A cancelled call is charged for its prompt and for no less than was heard of its answer."""
    outcome, is_estimated, prompt, completion = price
    assert (outcome, is_estimated) == ("cancelled", True)
    assert prompt > len(both.slow) // 4
    assert len(both.heard) // 4 <= completion < len(SLOW_ANSWER) // 4


def what_is_left_of(stack: RunningStack, both: Collision) -> set[str]:
    """Name the kinds of rows that still hold something of the first run."""
    names = {"thread": both.session, "run": both.first, "word": both.slow.encode()}
    with psycopg.connect(stack.environment["PG_CHECKPOINT_URI"]) as connection:
        return {kind for (kind,) in connection.execute(STATE_OF_RUN, names)}


@pytest.mark.timeout(240)
def test_reject_refuses_the_second_and_counts_nothing_for_it(
    account: Account, words: tuple[str, str], scripted_model: ScriptedModel
) -> None:
    def say_it_over_rest(session: str) -> None:
        refusal = account.api.refused(
            409, "POST", f"sessions/{session}/messages/", json={"message": words[1]}
        )
        assert refusal["code"] == "conflict"

    both = play(account, words, "reject", say_it_over_rest)

    bill = account.bill()
    assert both.second == ""
    assert said(account, both.session) == [both.slow, SLOW_ANSWER]
    assert scripted_model.calls(both.quick) == []
    assert price_of(both.slow, scripted_model, bill) == ("finished", False, *SLOW_TOKENS)
    assert len(bill) == 1
    runs = account.runs(both.session)
    assert runs.pop(both.first) == ("success", "")
    assert list(runs.values()) == [("withdrawn", "run_never_seen")] * 2
    assert account.counted_messages(bill) == 1
    assert account.api.expect(200, "GET", f"sessions/{both.session}/")["message_count"] == 1


def test_enqueue_answers_both_in_order(
    account: Account, words: tuple[str, str], scripted_model: ScriptedModel
) -> None:
    both = play(account, words, "enqueue")

    bill = account.bill()
    assert said(account, both.session) == [both.slow, SLOW_ANSWER, both.quick, QUICK_ANSWER]
    assert account.runs(both.session) == {both.first: ("success", ""), both.second: ("success", "")}
    assert price_of(both.slow, scripted_model, bill) == ("finished", False, *SLOW_TOKENS)
    assert price_of(both.quick, scripted_model, bill) == ("finished", False, *QUICK_TOKENS)
    assert len(bill) == 2
    assert account.counted_messages(bill) == 2


def test_interrupt_keeps_the_first_question_and_bills_what_was_heard(
    account: Account, words: tuple[str, str], scripted_model: ScriptedModel
) -> None:
    both = play(account, words, "interrupt")

    bill = account.bill()
    # The server keeps what whole steps left behind; half an answer is none.
    assert said(account, both.session) == [both.slow, both.quick, QUICK_ANSWER]
    assert account.runs(both.session) == {both.first: ("interrupted", ""), both.second: ("success", "")}
    assert_estimated(price_of(both.slow, scripted_model, bill), both)
    assert price_of(both.quick, scripted_model, bill) == ("finished", False, *QUICK_TOKENS)
    assert len(bill) == 2
    assert account.counted_messages(bill) == 2
    assert "checkpoint" in what_is_left_of(account.stack, both)


def test_rollback_leaves_nothing_of_the_first_but_its_bill(
    account: Account, words: tuple[str, str], scripted_model: ScriptedModel
) -> None:
    both = play(account, words, "rollback")

    bill = account.bill()
    assert said(account, both.session) == [both.quick, QUICK_ANSWER]
    assert account.runs(both.session) == {
        both.first: ("interrupted", "run_rolled_back"),
        both.second: ("success", ""),
    }
    assert what_is_left_of(account.stack, both) == set()
    assert_estimated(price_of(both.slow, scripted_model, bill), both)
    assert price_of(both.quick, scripted_model, bill) == ("finished", False, *QUICK_TOKENS)
    assert len(bill) == 2
    assert account.counted_messages(bill) == 2
