"""The ledger equals the provider's own journal, whoever sent a run and however it ended."""

import os
import signal
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import DEMO_EMAIL, DEMO_PASSWORD
from tests.end_to_end.accounts import CLIENTS, Account
from tests.end_to_end.api import eventually
from tests.end_to_end.clients import Piece
from tests.end_to_end.ledger_join import (
    Call,
    Joined,
    LedgerMismatch,
    join,
    joined,
    require_books_closed,
    table,
    wait_for_late_records,
)
from tests.end_to_end.turns import LONG, TURNS, Scene
from tests.running_stack import RunningStack
from tests.scripted_model import ScriptedModel
from tests.shown_tables import show_table

RUNS_FILE = Path("agent-server", ".langgraph_api", ".langgraph_ops.pckl")
Lines = dict[str, Sequence[Joined]]


@pytest.fixture(scope="module")
def lines() -> Iterator[Lines]:
    """What the tests of this module joined, printed as one table after the last of them."""
    found: Lines = {}
    yield found
    show_table(table(dict(sorted(found.items()))))


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("kind", CLIENTS)
def test_every_call_is_billed_once(
    kind: str, turn: str, stack: RunningStack, scripted_model: ScriptedModel, lines: Lines
) -> None:
    account = Account.new(stack)
    play, outcomes = TURNS[turn]
    with account.client(kind) as client:
        scene = Scene.of(client, scripted_model)
        play(scene)

    found = joined(stack, scripted_model, user=account.id, words=scene.words)

    lines[f"{turn}, {kind}"] = found
    assert tuple(line.outcome for line in found) == outcomes


@pytest.mark.timeout(300)
def test_all_at_once_every_call_is_billed_once(
    stack: RunningStack, scripted_model: ScriptedModel, lines: Lines
) -> None:
    """One user's runs end in all ways at the same time, and meet on one day's counter."""
    account, crowd = Account.new(stack), f"crowd-{uuid.uuid4()}"
    with ExitStack() as open_clients, ThreadPoolExecutor(len(TURNS) * len(CLIENTS)) as together:
        playing = []
        for kind in CLIENTS:
            client = open_clients.enter_context(account.client(kind))
            for turn, (play, _) in TURNS.items():
                scene = Scene.of(client, scripted_model, words=f"{crowd} {turn} through {kind}")
                playing.append(together.submit(play, scene))
        for played in playing:
            played.result()

    # In a crowd a run may hear late that it was cancelled: its call was settled by estimate, until its
    # record comes.
    wait_for_late_records(stack, user=account.id)
    found = joined(stack, scripted_model, user=account.id, words=crowd)

    lines["all at once"] = found
    expected = Counter(outcome for _, outcomes in TURNS.values() for outcome in outcomes * len(CLIENTS))
    assert Counter(line.outcome for line in found) == expected


@pytest.mark.timeout(300)
def test_a_killed_servers_calls_are_billed_too(
    server_folder: Path, scripted_model: ScriptedModel, lines: Lines
) -> None:
    """Each run's first call dies with the server, which repeats the run when it is back."""
    folder = server_folder / "killed"
    stack = RunningStack.start(
        folder,
        OPENAI_BASE_URL=scripted_model.url,
        OPENAI_API_KEY="sk-scripted",
        DEFAULT_MODEL="gpt-4o-mini",
        DEMO_EMAIL=DEMO_EMAIL,
        DEMO_PASSWORD=DEMO_PASSWORD,
    )
    try:
        accounts = {kind: Account.new(stack) for kind in CLIENTS}
        with ExitStack() as open_clients:
            scenes = {
                kind: Scene.of(open_clients.enter_context(account.client(kind)), scripted_model)
                for kind, account in accounts.items()
            }
            kill_in_mid_stream(stack, folder / RUNS_FILE, list(scenes.values()))
        for kind, account in accounts.items():
            found = joined(stack, scripted_model, user=account.id, words=scenes[kind].words)
            lines[f"killed, {kind}"] = found
            assert [line.outcome for line in found] == ["unknown", "finished"]
            history = [message["content"] for message in account.api.history(scenes[kind].thread)]
            assert history == [f"About {scenes[kind].words}", "After all."]
    finally:
        assert stack.stop() == 0


def kill_in_mid_stream(stack: RunningStack, runs_file: Path, scenes: list[Scene]) -> None:
    """Kill the Agent Server while it streams to all of them, as soon as its runs are on the disk."""
    streams = []
    for scene in scenes:
        script_two_attempts(scene)
        streams.append(scene.client.stream(scene.thread, f"About {scene.words}"))
        assert first_token(streams[-1])
    words = [scene.words.encode() for scene in scenes]
    eventually(
        lambda: runs_file.read_bytes() if runs_file.exists() else b"",
        lambda saved: all(word in saved for word in words),
        within=40,
    )
    before = stack.pids()["agent-server"]
    os.kill(before, signal.SIGKILL)
    eventually(lambda: stack.pids()["agent-server"], lambda pid: pid != before, within=60)


def script_two_attempts(scene: Scene) -> None:
    """Let the first call go on for minutes, and answer the second at once."""
    usage = {"prompt_tokens": 19, "completion_tokens": 2}
    scene.model.script(
        {
            "match": {"userMessage": scene.words, "sequenceIndex": 0},
            "response": {"content": LONG, "usage": usage},
            "streamingProfile": {"ttft": 20, "tps": 5},
            "chunkSize": 5,
        },
        {
            "match": {"userMessage": scene.words, "sequenceIndex": 1},
            "response": {"content": "After all.", "usage": usage},
        },
    )


def first_token(stream: Any) -> Piece:
    """Listen until the answer begins."""
    return next(piece for piece in stream if piece.kind == "token")


CALL = Call(attempt="a", status=200, is_cut=False, prompt_tokens=3, completion_tokens=2)
ROW: dict[str, Any] = {
    "id": "a",
    "state": "settled",
    "outcome": "finished",
    "is_estimated": False,
    "prompt_tokens": 3,
    "completion_tokens": 2,
    "total_tokens": 5,
    "total_cost": Decimal("0.1"),
}
ESTIMATE = {**ROW, "outcome": "cancelled", "is_estimated": True}
REFUSED = replace(CALL, status=500, prompt_tokens=0, completion_tokens=0)
FREE = {**ROW, "outcome": "failed", "prompt_tokens": 0, "completion_tokens": 0}


@pytest.mark.parametrize(
    ("row", "call"),
    [
        pytest.param(ROW, CALL, id="finished"),
        pytest.param(ESTIMATE, CALL, id="cancelled"),
        pytest.param({**ESTIMATE, "outcome": "failed"}, replace(CALL, is_cut=True), id="cut"),
        pytest.param(FREE, REFUSED, id="refused"),
    ],
)
def test_the_same_story_on_both_sides_is_joined(row: dict[str, Any], call: Call) -> None:
    assert join([row], [call]) == [Joined(call, row)]


@pytest.mark.parametrize(
    ("rows", "calls"),
    [
        pytest.param([ROW, {**ROW, "id": "b"}], [CALL], id="row without a call"),
        pytest.param([ROW], [CALL, replace(CALL, attempt="b")], id="call without a row"),
        pytest.param([ROW], [CALL, CALL], id="one permit, two calls"),
        pytest.param([{**ROW, "id": "b"}], [CALL], id="another call's row"),
        pytest.param([{**ROW, "state": "pending"}], [CALL], id="pending"),
        pytest.param([{**ROW, "prompt_tokens": 4}], [CALL], id="other tokens"),
        pytest.param([{**ROW, "is_estimated": True}], [CALL], id="finished, yet estimated"),
        pytest.param([ROW], [replace(CALL, is_cut=True)], id="cut, yet finished"),
        pytest.param([{**ESTIMATE, "is_estimated": False}], [CALL], id="cancelled, not estimated"),
        pytest.param([{**ESTIMATE, "prompt_tokens": 0}], [CALL], id="cancelled for free"),
        pytest.param([{**FREE, "prompt_tokens": 3}], [REFUSED], id="refused, yet billed"),
    ],
)
def test_another_story_on_either_side_is_found(rows: list[dict[str, Any]], calls: list[Call]) -> None:
    with pytest.raises(LedgerMismatch):
        join(rows, calls)


SUMS: dict[str, Any] = {"tokens": 5, "cost": Decimal("0.1")}
COUNTER: dict[str, Any] = {**SUMS, "reserved_tokens": 0, "reserved_cost": 0}


def test_closed_books_hold_the_sums_of_the_ledger() -> None:
    require_books_closed(COUNTER, SUMS, [ROW])


@pytest.mark.parametrize(
    ("counter", "sessions"),
    [
        pytest.param({**COUNTER, "reserved_tokens": 1}, SUMS, id="reservation left"),
        pytest.param({**COUNTER, "reserved_cost": Decimal("0.1")}, SUMS, id="reserved money left"),
        pytest.param({**COUNTER, "tokens": 6}, SUMS, id="other tokens on the day"),
        pytest.param(COUNTER, {**SUMS, "tokens": 0}, id="other tokens on the session"),
        pytest.param(COUNTER, {**SUMS, "cost": Decimal("0.2")}, id="other cost"),
    ],
)
def test_books_that_are_not_closed_are_found(counter: dict[str, Any], sessions: dict[str, Any]) -> None:
    with pytest.raises(LedgerMismatch):
        require_books_closed(counter, sessions, [ROW])


def test_a_bill_with_a_made_up_row_is_found(stack: RunningStack, scripted_model: ScriptedModel) -> None:
    """The same on the whole system: words that do not name all of the user's calls leave rows over."""
    account = Account.new(stack)
    with account.client("rest") as client:
        first, second = (Scene.of(client, scripted_model) for _ in range(2))
        for scene in (first, second):
            TURNS["finished"][0](scene)

    with pytest.raises(LedgerMismatch, match="billed, never made"):
        joined(stack, scripted_model, user=account.id, words=first.words)
