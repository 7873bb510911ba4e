"""Every route of the Agent Server's own document, tried on a user's things by everybody else."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.end_to_end.answers import ask, in_a_word, table
from tests.end_to_end.hands import TokenMaker, bearer, foreign_hands, new_account
from tests.end_to_end.possessions import Possessions, Secrets, acquire, rows_of, unschedule
from tests.end_to_end.route_table import route_table
from tests.end_to_end.routes import DOCUMENTED, EMPTY, ERROR_EVENT, TRIES, UNDOCUMENTED, Ids, Try
from tests.running_stack import RunningStack
from tests.scripted_model import ScriptedModel
from tests.shown_tables import show_table

METHODS = {"get", "post", "put", "patch", "delete"}


@dataclass(frozen=True)
class Scene:
    """An owner with things, another user and a deactivated one."""

    tokens: TokenMaker
    owned: Possessions
    secrets: Secrets
    other: str
    deactivated: str


@pytest.fixture
def scene(stack: RunningStack, scripted_model: ScriptedModel) -> Iterator[Scene]:
    """Fresh accounts; what runs or is scheduled is ended afterwards."""
    tokens, secrets, owner = TokenMaker(stack), Secrets.make(), new_account(stack)
    owned = acquire(stack, tokens, scripted_model, owner=owner, secrets=secrets)
    yield Scene(tokens, owned, secrets, new_account(stack), new_account(stack, is_active=False))
    for thread_id, run_id in zip(owned.ids.live_threads, owned.ids.live_runs, strict=True):
        owned.http.post(f"/threads/{thread_id}/runs/{run_id}/cancel")
    owned.http.close()
    unschedule(stack, tokens, owned.ids.cron_id)


@pytest.fixture
def anybody(stack: RunningStack) -> Iterator[httpx.Client]:
    """A client that shows nothing by itself."""
    with httpx.Client(base_url=stack.agent_server_url) as http:
        yield http


def test_the_table_names_every_route(anybody: httpx.Client) -> None:
    paths = anybody.get("/openapi.json").json()["paths"]
    routes = {f"{method.upper()} {path}" for path, verbs in paths.items() for method in METHODS & set(verbs)}

    assert sorted(routes - set(DOCUMENTED)) == []
    assert sorted(set(DOCUMENTED) - routes) == []


def test_the_table_names_what_the_document_leaves_out(tmp_path: Path) -> None:
    """WebSockets and mounted applications among them: a route of a later server has to be entered."""
    assert sorted(route_table(tmp_path)) == sorted({**DOCUMENTED, **UNDOCUMENTED})


def test_nobody_but_the_owner_gets_anywhere(scene: Scene, stack: RunningStack, anybody: httpx.Client) -> None:
    ids = scene.owned.ids
    hands = foreign_hands(scene.tokens, owner=ids.owner, other=scene.other, deactivated=scene.deactivated)
    before = scene.owned.look()
    answers: dict[str, dict[str, str]] = {route: {} for route in TRIES}
    given_away: dict[str, list[str]] = {}

    for route, attempt in TRIES.items():
        for hand, headers in hands.items():
            answers[route][hand], text = ask(anybody, route, attempt, ids, dict(headers))
            if found := scene.secrets.among(text):
                given_away[f"{hand}: {route}"] = found
    after = scene.owned.look()
    for route, attempt in sorted(TRIES.items(), key=lambda entry: entry[1].order):
        headers = bearer(scene.tokens.token(ids.owner))
        answers[route]["owner"], _ = ask(anybody, route, attempt, ids, headers)

    show_table(table(answers))
    assert given_away == {}
    assert answers == {route: _expected(attempt, list(hands)) for route, attempt in TRIES.items()}
    assert after == before
    for stranger in (scene.other, scene.deactivated):
        # A copy is claimed before the server sees that its source is not there; the sweep takes that back.
        rows = [row for table in rows_of(stack, stranger).values() for row in table]
        assert [row for row in rows if not row.get("is_provisional")] == []


def test_own_threads_are_no_way_round(
    scene: Scene, anybody: httpx.Client, scripted_model: ScriptedModel
) -> None:
    """Another user names the owner's runs and checkpoints within a thread of their own."""
    ids, word = scene.owned.ids, f"way-round-{uuid.uuid4()}"
    scripted_model.reply(word, "Nothing was there.")
    anybody.headers = bearer(scene.tokens.token(scene.other))
    own = anybody.post("/threads", json={"metadata": {"graph_id": "agent"}}).json()["thread_id"]
    before = scene.owned.look()

    answers = {
        name: anybody.request(method, f"/threads/{own}{path}", json=body, timeout=30)
        for name, (method, path, body) in _ways_round(ids, word).items()
    }
    everything = anybody.post("/runs/cancel", json={"status": "all"})

    assert {name: in_a_word(answer, answer.text) for name, answer in answers.items()} == WAYS_ROUND
    assert everything.status_code == 404
    assert not any(scene.secrets.among(answer.text) for answer in answers.values())
    (call,) = scripted_model.calls(word)
    assert scene.secrets.word not in str(call["body"])
    assert scene.owned.look() == before


WAYS_ROUND = {
    "state": "200",
    "state by body": "200",
    "history": EMPTY,
    "run": "404",
    "delete run": "403",
    "cancel live run": "404",
    "stream live run": ERROR_EVENT,
    "wait from checkpoint": "200",
}


def _ways_round(ids: Ids, word: str) -> dict[str, tuple[str, str, Any]]:
    there = {"thread_id": ids.thread_id, "checkpoint_ns": "", "checkpoint_id": ids.checkpoint_id}
    message = {"role": "user", "content": word}
    turn = {"assistant_id": "agent", "input": {"messages": [message]}, "checkpoint": there}
    return {
        "state": ("GET", f"/state/{ids.checkpoint_id}", None),
        "state by body": ("POST", "/state/checkpoint", {"checkpoint": there}),
        "history": ("POST", "/history", {"limit": 100, "checkpoint": there}),
        "run": ("GET", f"/runs/{ids.run_id}", None),
        "delete run": ("DELETE", f"/runs/{ids.run_id}", None),
        "cancel live run": ("POST", f"/runs/{ids.live_runs[0]}/cancel", None),
        "stream live run": ("GET", f"/runs/{ids.live_runs[0]}/stream", None),
        "wait from checkpoint": ("POST", "/runs/wait", turn),
    }


def _expected(attempt: Try, hands: list[str]) -> dict[str, str]:
    return {hand: attempt.expected(hand) for hand in [*hands, "owner"]}
