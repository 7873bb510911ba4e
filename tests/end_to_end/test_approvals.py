"""Approvals over REST and the whole stack: nothing that needs leave runs without it, or twice."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.end_to_end.accounts import Account
from tests.end_to_end.asked_users import AskedUser, call

REJECTED = "The user has rejected this call. It was not run."
EXPIRED = "The user did not answer in time. This call was not run."


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ({"decision": "approve"}, "42"),
        ({"decision": "edit", "arguments": {"expression": "6 * 8"}}, "48"),
        ({"decision": "reject", "reason": "No."}, f"{REJECTED} No."),
    ],
    ids=["approve", "edit", "reject"],
)
def test_a_decision_is_carried_out(asked: AskedUser, word: dict[str, Any], said: str) -> None:
    session = asked.ask()
    [waiting] = asked.approvals(session)
    assert (waiting["status"], waiting["arguments"]) == ("pending", {"expression": "6 * 7"})

    decided = asked.decide(waiting, **word)

    assert decided["run_id"] is not None
    assert asked.results(session) == [said]
    assert asked.ran(session) == ([] if word["decision"] == "reject" else ["finished"])
    [shown] = [one["tool_calls"] for one in asked.api.history(session) if one.get("tool_calls")]
    assert shown[0]["arguments"] == word.get("arguments", {"expression": "6 * 7"})


def test_decisions_at_once_run_the_tool_once(asked: AskedUser) -> None:
    session = asked.ask()
    [waiting] = asked.approvals(session)

    def decide(_: int) -> int:
        path = f"approvals/{waiting['id']}/decide/"
        return asked.api.http.post(path, json={"decision": "approve"}).status_code

    with ThreadPoolExecutor(20) as pool:
        assert set(pool.map(decide, range(20))) == {202}

    assert asked.results(session) == ["42"]
    assert (asked.runs(session), asked.ran(session)) == (2, ["finished"])


def test_opposite_decisions_at_once_are_one(asked: AskedUser) -> None:
    session = asked.ask()
    [waiting] = asked.approvals(session)

    def decide(number: int) -> tuple[str, int]:
        word = ("approve", "reject")[number % 2]
        answer = asked.api.http.post(f"approvals/{waiting['id']}/decide/", json={"decision": word})
        return word, answer.status_code

    with ThreadPoolExecutor(10) as pool:
        said = set(pool.map(decide, range(10)))

    [word] = [word for word, status in said if status == 202]
    assert said == {(word, 202), ({"approve": "reject", "reject": "approve"}[word], 409)}
    assert asked.results(session) == ["42" if word == "approve" else REJECTED]
    assert asked.runs(session) == 2


def test_a_day_later_it_still_waits(asked: AskedUser) -> None:
    session = asked.ask()
    asked.let_pass(session, days=1)

    asked.decide(*asked.approvals(session), "approve")

    assert asked.results(session) == ["42"]


def test_too_late_is_refused_and_the_model_is_told(asked: AskedUser) -> None:
    session = asked.ask()
    [waiting] = asked.approvals(session)
    asked.let_pass(session, days=8)

    path = f"approvals/{waiting['id']}/decide/"
    refused = asked.api.refused(409, "POST", path, json={"decision": "approve"})

    assert refused["code"] == "approval_expired"
    assert [one["status"] for one in asked.approvals(session)] == ["expired"]
    assert asked.runs(session) == 1
    with asked.sdk() as sdk:
        sdk.runs.wait(session, "agent", command={"resume": {"decisions": [{"type": "approve"}]}})
    assert asked.results(session) == [EXPIRED]
    assert asked.ran(session) == []


def test_a_mixed_round_runs_each_call_as_was_said_of_it(asked: AskedUser) -> None:
    session = asked.ask(
        call("c1", "1 + 1"), call("c2", None), call("c3", "2 + 2"), call("c4", "3 + 3"), call("c5", "4 + 4")
    )
    waiting = asked.approvals(session)
    assert [one["arguments"]["expression"] for one in waiting] == ["1 + 1", "2 + 2", "3 + 3", "4 + 4"]
    assert asked.ran(session) == []

    answers = [
        asked.decide(waiting[0], "approve"),
        asked.decide(waiting[3], "approve"),
        asked.decide(waiting[1], "reject"),
    ]
    assert [answer["run_id"] for answer in answers] == [None, None, None]
    assert asked.runs(session) == 1
    asked.decide(waiting[2], "edit", arguments={"expression": "30 + 30"})

    said = asked.results(session)
    assert sorted(one for one in said if one.isdigit()) == ["2", "60", "8"]
    assert (len(said), said.count(REJECTED)) == (5, 1)
    assert (asked.runs(session), asked.ran(session)) == (2, ["finished"] * 4)


def test_of_equal_call_ids_each_gets_its_own_decision(asked: AskedUser) -> None:
    session = asked.ask(call("same", "1 + 1"), call("same", "2 + 2"), call("same", "3 + 3"))
    first, second, third = asked.approvals(session)

    asked.decide(first, "reject")
    asked.decide(second, "approve")
    asked.decide(third, "reject")

    assert sorted(asked.results(session)) == sorted([REJECTED, "4", REJECTED])
    assert asked.ran(session) == ["finished"]


def test_calls_beyond_the_bound_are_neither_asked_for_nor_run(asked: AskedUser) -> None:
    session = asked.ask(*(call(f"c{number}", f"{number} + 0") for number in range(18)))
    waiting = asked.approvals(session)
    assert [one["arguments"]["expression"] for one in waiting] == [f"{number} + 0" for number in range(16)]

    for one in waiting[:15]:
        asked.decide(one, "reject")
    asked.decide(waiting[15], "approve")

    said = asked.results(session)
    assert [one for one in said if one.isdigit()] == ["15"]
    assert (len(said), said.count(REJECTED)) == (18, 15)
    assert asked.ran(session) == ["finished"]


def test_a_new_message_leaves_behind_what_was_asked(asked: AskedUser) -> None:
    session, word = asked.ask(), f"never-mind-{uuid.uuid4()}"
    [waiting] = asked.approvals(session)
    asked.model.reply(word, "As you like.")

    assert asked.api.say(session, word)["message"]["content"] == "As you like."

    assert [one["status"] for one in asked.approvals(session)] == ["withdrawn"]
    refused = asked.api.refused(
        409, "POST", f"approvals/{waiting['id']}/decide/", json={"decision": "approve"}
    )
    assert refused["code"] == "approval_decided"
    assert (asked.runs(session), asked.ran(session)) == (2, [])


def test_nobody_else_decides(asked: AskedUser) -> None:
    session = asked.ask()
    [waiting] = asked.approvals(session)
    stranger = Account.new(asked.stack).api

    for method, path in (("GET", ""), ("POST", "decide/")):
        options = {"json": {"decision": "approve"}} if method == "POST" else {}
        stranger.refused(404, method, f"approvals/{waiting['id']}/{path}", **options)
    assert stranger.expect(200, "GET", "approvals/")["results"] == []

    assert [one["status"] for one in asked.approvals(session)] == ["pending"]
    assert asked.runs(session) == 1
