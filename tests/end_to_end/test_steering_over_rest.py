"""Conversations are steered over REST: branches, forks, going on, reloads, and messages that meet."""

import json
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.end_to_end.api import Api
from tests.end_to_end.own_accounts import Account
from tests.running_stack import RunningStack
from tests.scripted_model import ScriptedModel

LONG = "A long story, told slowly. " * 8
SLOW = {"latency": 120, "chunkSize": 4}
HEARD_ENOUGH = 40


@dataclass
class Listener:
    """What one tab got of a run."""

    run_id: str = ""
    text: str = ""
    last_event_id: str | None = None
    whole: str = ""
    names: list[str] = field(default_factory=list)

    def take(self, lines: Iterator[str], *, enough: int = 10**9) -> None:
        """Read events until so much of the answer was heard, or to the end."""
        name = ""
        for line in lines:
            key, _, value = line.partition(": ")
            if key == "event":
                name = value
                self.names.append(name)
            elif key == "id":
                self.last_event_id = value
            elif key == "data":
                self._take(name, json.loads(value))
            elif not line and len(self.text) >= enough:
                return

    def _take(self, name: str, data: dict[str, Any]) -> None:
        if name == "run":
            self.run_id = data["run_id"]
        if name == "token":
            self.text += data["text"]
        if name == "message" and data["role"] == "ai":
            self.whole = data["content"]


@pytest.fixture
def account(stack: RunningStack) -> Account:
    """A user who has nothing yet."""
    return Account.new(stack)


@pytest.fixture
def word(scripted_model: ScriptedModel) -> str:
    """The beginning of all that is said: `slow` is answered slowly, `fails` first with an error."""
    word = f"steered-{uuid.uuid4()}"
    scripted_model.reply(f"{word} slow", LONG, **SLOW)
    scripted_model.script(
        {
            "match": {"userMessage": f"{word} fails", "sequenceIndex": 0},
            "response": {"error": {"message": "scripted", "type": "scripted"}, "status": 500},
        },
        {
            "match": {"userMessage": f"{word} fails", "sequenceIndex": 1},
            "response": {"content": "Now it works."},
        },
    )
    scripted_model.reply(f"{word} quick", "Here I am.")
    return word


def send(api: Api, session: str, **said: Any) -> dict[str, Any]:
    """Send something and return the answer."""
    answer: dict[str, Any] = api.expect(200, "POST", f"sessions/{session}/messages/", json=said)
    return answer


def tree(api: Api, session: str, **where: str) -> dict[str, Any]:
    """Return the history with its branches."""
    history: dict[str, Any] = api.expect(
        200, "GET", f"sessions/{session}/history/", params={"branches": "true", **where}
    )
    assert history["is_tree_whole"]
    return history


def texts(history: dict[str, Any]) -> list[str]:
    """Return what was said."""
    return [message["content"] for message in history["messages"]]


def begin(api: Api, session: str, text: str) -> Listener:
    """Send something, listen until the answer is in its middle, and hang up."""
    tab = Listener()
    headers = {"Accept": "text/event-stream"}
    address = f"sessions/{session}/messages/"
    with api.http.stream("POST", address, json={"message": text}, headers=headers) as response:
        assert response.status_code == 200, response.read()
        tab.take(response.iter_lines(), enough=HEARD_ENOUGH)
    assert HEARD_ENOUGH <= len(tab.text) < len(LONG)
    return tab


def join(api: Api, session: str, run: str, *, after: str | None = None) -> Listener:
    """Follow a run to its end."""
    tab = Listener()
    headers = {} if after is None else {"Last-Event-ID": after}
    with api.http.stream("GET", f"sessions/{session}/runs/{run}/stream/", headers=headers) as response:
        assert response.status_code == 200, response.read()
        tab.take(response.iter_lines())
    assert tab.names[-1] == "end"
    return tab


@pytest.mark.timeout(240)
def test_edited_and_regenerated_turns_are_branches_that_can_be_returned_to(
    account: Account, word: str
) -> None:
    api, quick = account.api, f"{word} quick"
    session = api.new_session()
    for number in range(2):
        send(api, session, message=f"{quick} {number}")
    before = tree(api, session)
    question, answer = before["messages"][2:]
    assert [message["versions"] for message in before["messages"]] == [[]] * 4

    send(api, session, message=f"{quick} edited", checkpoint_id=question["checkpoint_before"])
    edited = tree(api, session)
    assert texts(edited)[2:] == [f"{quick} edited", "Here I am."]
    assert [one["message_id"] for one in edited["messages"][2]["versions"]] == [
        question["id"],
        edited["messages"][2]["id"],
    ]
    assert edited["messages"][0]["versions"] == []

    old = edited["messages"][2]["versions"][0]["checkpoint_id"]
    switched = tree(api, session, checkpoint_id=old)
    assert [message["id"] for message in switched["messages"]] == [one["id"] for one in before["messages"]]
    send(api, session, message=f"{quick} after all", checkpoint_id=old)
    gone_on = tree(api, session)
    assert [message["id"] for message in gone_on["messages"][:4]] == [one["id"] for one in before["messages"]]

    send(api, session, regenerate=answer["id"])
    regenerated = tree(api, session)
    assert texts(regenerated) == texts(before)
    assert regenerated["messages"][2]["id"] == question["id"]
    assert [one["message_id"] for one in regenerated["messages"][3]["versions"]] == [
        answer["id"],
        regenerated["messages"][3]["id"],
    ]

    bill = account.bill()
    assert len(bill) == 5
    assert account.counted_messages(bill) == 5
    shown = api.expect(200, "GET", f"sessions/{session}/")
    assert (shown["message_count"], shown["total_tokens_used"]) == (5, 5 * 30)


@pytest.mark.timeout(240)
def test_what_is_not_there_is_not_run_from(account: Account, stack: RunningStack, word: str) -> None:
    api, quick = account.api, f"{word} quick"
    session, other = api.new_session(), api.new_session()
    for one in (session, other):
        send(api, one, message=quick)
    foreign = tree(api, other)
    address = f"sessions/{session}/messages/"
    for code, said in (
        ("checkpoint_not_found", {"message": quick, "checkpoint_id": str(uuid.uuid4())}),
        ("checkpoint_not_found", {"message": quick, "checkpoint_id": foreign["checkpoint_id"]}),
        ("checkpoint_not_found", {"retry": True, "checkpoint_id": foreign["checkpoint_id"]}),
        ("message_not_found", {"regenerate": foreign["messages"][0]["id"]}),
        ("message_not_found", {"regenerate": "nothing"}),
    ):
        assert api.refused(404, "POST", address, json=said)["code"] == code
    assert api.refused(404, "POST", f"sessions/{session}/fork/", json={"checkpoint_id": str(uuid.uuid4())})
    where = {"checkpoint_id": foreign["checkpoint_id"]}
    assert api.refused(404, "GET", f"sessions/{session}/history/", params=where)

    stranger = Account.new(stack).api
    run = api.expect(200, "GET", f"sessions/{session}/runs/")["results"][0]["id"]
    stranger.refused(404, "POST", f"sessions/{session}/fork/", json={})
    stranger.refused(404, "GET", f"sessions/{session}/runs/{run}/stream/")
    api.refused(404, "GET", f"sessions/{other}/runs/{run}/stream/")
    api.refused(422, "GET", f"sessions/{session}/runs/{run}/stream/", headers={"Last-Event-ID": "x" * 9})
    assert stranger.expect(200, "GET", "sessions/")["results"] == []
    bill = account.bill()
    assert (len(bill), account.counted_messages(bill)) == (2, 2)
    assert len(api.expect(200, "GET", "sessions/")["results"]) == 2


@pytest.mark.timeout(240)
def test_a_failed_turn_is_gone_on_with_and_counts_once(account: Account, word: str) -> None:
    api, failing = account.api, f"{word} fails"
    session = api.new_session()
    api.expect(502, "POST", f"sessions/{session}/messages/", json={"message": failing})

    assert send(api, session, retry=True)["message"]["content"] == "Now it works."

    assert [message["content"] for message in api.history(session)] == [failing, "Now it works."]
    bill = account.bill()
    assert sorted(call["outcome"] for call in bill.values()) == ["failed", "finished"]
    assert account.counted_messages(bill) == 1
    assert api.expect(200, "GET", f"sessions/{session}/")["message_count"] == 1


@pytest.mark.timeout(240)
def test_a_fork_is_a_session_with_the_same_words_and_settings(account: Account, word: str) -> None:
    api, quick = account.api, f"{word} quick"
    session = api.new_session("Tea")
    api.expect(
        200, "PATCH", f"sessions/{session}/", json={"tags": ["green"], "multitask_strategy": "enqueue"}
    )
    for number in range(2):
        send(api, session, message=f"{quick} {number}")
    original = tree(api, session)
    place = original["messages"][2]["checkpoint_before"]

    whole = api.expect(201, "POST", f"sessions/{session}/fork/", json={})
    part = api.expect(201, "POST", f"sessions/{session}/fork/", json={"checkpoint_id": place})

    for fork in (whole, part):
        assert (fork["title"], fork["title_origin"], fork["tags"]) == ("Tea (copy)", "owner", ["green"])
        assert (fork["multitask_strategy"], fork["message_count"]) == ("enqueue", 0)
    assert api.history(whole["id"]) == api.history(session)
    assert [message["content"] for message in api.history(part["id"])] == texts(original)[:2]
    send(api, part["id"], message=f"{quick} instead")
    assert [message["content"] for message in api.history(part["id"])][2:] == [
        f"{quick} instead",
        "Here I am.",
    ]
    assert texts(tree(api, session)) == texts(original)
    bill = account.bill()
    assert (len(bill), account.counted_messages(bill)) == (3, 3)


@pytest.mark.timeout(240)
def test_a_reloaded_tab_goes_on_where_it_was_beside_another(account: Account, word: str) -> None:
    api = account.api
    session = api.new_session()
    cut = begin(api, session, f"{word} slow")
    with ThreadPoolExecutor(2) as tabs:
        late = tabs.submit(join, api, session, cut.run_id)
        rest = tabs.submit(join, api, session, cut.run_id, after=cut.last_event_id).result()
    answer = api.history(session)[-1]["content"]

    assert answer == LONG
    assert (cut.text + rest.text).encode() == answer.encode()
    assert (late.result().text, late.result().whole, rest.whole) == (answer, answer, answer)
    # When it is over, and nothing of it is live any more.
    assert join(api, session, cut.run_id, after=cut.last_event_id).text == rest.text
    bill = account.bill()
    assert (len(bill), account.counted_messages(bill)) == (1, 1)


@pytest.mark.timeout(240)
def test_a_sessions_strategy_decides_between_two_messages(account: Account, word: str) -> None:
    api, slow, quick = account.api, f"{word} slow", f"{word} quick"
    said = {
        "": [slow, LONG],
        "reject": [slow, LONG],
        "enqueue": [slow, LONG, quick, "Here I am."],
        "interrupt": [slow, quick, "Here I am."],
        "rollback": [quick, "Here I am."],
    }

    def meet(strategy: str) -> list[str]:
        made = api.expect(201, "POST", "sessions/", json={"multitask_strategy": strategy})
        session = made["id"]
        in_force = api.expect(200, "GET", f"sessions/{session}/effective-config/")["multitask_strategy"]
        assert in_force == {
            "value": strategy or "reject",
            "origin": "session" if strategy else "system",
        }
        first = begin(api, session, slow)
        status = 409 if in_force["value"] == "reject" else 200
        api.expect(status, "POST", f"sessions/{session}/messages/", json={"message": quick})
        if status == 409:
            join(api, session, first.run_id, after=first.last_event_id)
        return [message["content"] for message in api.history(session)]

    with ThreadPoolExecutor(len(said)) as tabs:
        assert dict(zip(said, tabs.map(meet, said), strict=True)) == said
    # The refused ones are never sent, all others are billed: those that were cut short as well.
    calls = api.settled_usage(calls=8, within=60)
    assert sorted(call["outcome"] for call in calls) == [*["cancelled"] * 2, *["finished"] * 6], calls
