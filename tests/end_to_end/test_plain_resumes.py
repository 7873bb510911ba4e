"""Approvals for those who have the SDK alone, and for those who would go around them."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from langgraph_sdk import get_sync_client
from langgraph_sdk.errors import APIStatusError

from tests.end_to_end.accounts import Account
from tests.end_to_end.asked_users import AskedUser, call
from tests.end_to_end.hands import TokenMaker, bearer

REJECTED = "The user has rejected this call. It was not run."
NOT_APPROVED = "This call was not run: its user has not approved it as it is."
APPROVE = {"decisions": [{"type": "approve"}]}


def question(thread: Any) -> dict[str, Any]:
    """What a thread is interrupted with."""
    [[one]] = thread["interrupts"].values()
    return dict(one)


@pytest.mark.parametrize(
    ("decision", "said", "form"),
    [
        ({"type": "approve"}, "42", "plain"),
        (
            {"type": "edit", "edited_action": {"name": "calculator", "args": {"expression": "6 * 8"}}},
            "48",
            "by its id",
        ),
        ({"type": "reject", "message": "No."}, f"{REJECTED} No.", "plain"),
    ],
    ids=["approve", "edit by its id", "reject"],
)
def test_a_plain_resume_decides(asked: AskedUser, decision: dict[str, Any], said: str, form: str) -> None:
    session = asked.ask()
    with asked.sdk() as sdk:
        asks = question(sdk.threads.get(session))
        assert asks["value"]["action_requests"][0]["args"] == {"expression": "6 * 7"}
        assert asks["value"]["review_configs"] == [
            {"action_name": "calculator", "allowed_decisions": ["approve", "edit", "reject"]}
        ]
        assert [one["id"] for one in asks["value"]["approvals"]] == [asked.approvals(session)[0]["id"]]
        answer = {"decisions": [decision]}
        resume = answer if form == "plain" else {asks["id"]: answer}

        values: Any = sdk.runs.wait(session, "agent", command={"resume": resume})

    assert values["messages"][-1]["content"] == "Done."
    assert asked.results(session) == [said]
    expected = {"approve": "approved", "edit": "edited", "reject": "rejected"}[decision["type"]]
    assert [one["status"] for one in asked.approvals(session)] == [expected]


def test_resumes_at_once_are_one(asked: AskedUser) -> None:
    session = asked.ask()

    with asked.sdk() as sdk:

        def resume(_: int) -> int:
            try:
                sdk.runs.create(session, "agent", command={"resume": APPROVE})
            except APIStatusError as error:
                return error.response.status_code
            return 200

        with ThreadPoolExecutor(20) as pool:
            statuses = sorted(pool.map(resume, range(20)))

    assert statuses == [200] + [409] * 19
    assert asked.results(session) == ["42"]
    assert (asked.runs(session), asked.ran(session)) == (2, ["finished"])


def test_a_resume_that_says_nothing_decides_nothing(asked: AskedUser) -> None:
    session = asked.ask()

    with asked.sdk() as sdk:
        for nothing in ({"decisions": []}, [{"type": "approve"}]):
            sdk.runs.wait(session, "agent", command={"resume": nothing})
            assert len(question(sdk.threads.get(session))["value"]["approvals"]) == 1

    assert [one["status"] for one in asked.approvals(session)] == ["pending"]
    assert asked.ran(session) == []
    asked.decide(*asked.approvals(session), "approve")
    assert asked.results(session) == ["42"]


MALFORMED: list[Any] = [
    "approve",
    ["approve"],
    [{"type": "maybe"}],
    [{"type": "edit"}],
    [{"type": "edit", "edited_action": {"args": "6 * 8"}}],
    [{"type": "edit", "edited_action": {"args": {"expression": "1" * 30_000}}}],
    [{"type": "edit", "edited_action": {"args": {"expression": "a\0b"}}}],
    [{"type": "reject", "message": 5}],
    [{"type": "reject", "message": "a" * 1001}],
    [{"type": "approve"}] * 2,
    [{"type": "approve"}] * 65,
]


def test_malformed_decisions_are_refused(asked: AskedUser) -> None:
    session = asked.ask()

    with asked.sdk() as sdk:
        for decisions in MALFORMED:
            with pytest.raises(APIStatusError) as refused:
                sdk.runs.create(session, "agent", command={"resume": {"decisions": decisions}})
            assert refused.value.response.status_code == 422, decisions

    assert (asked.runs(session), asked.ran(session)) == (1, [])
    assert [one["status"] for one in asked.approvals(session)] == ["pending"]


def test_a_stranger_s_resume_is_not_found(asked: AskedUser) -> None:
    session = asked.ask()
    stranger = bearer(TokenMaker(asked.stack).token(Account.new(asked.stack).id))

    with (
        get_sync_client(url=asked.stack.agent_server_url, api_key=None, headers=stranger) as sdk,
        pytest.raises(APIStatusError) as refused,
    ):
        sdk.runs.create(session, "agent", command={"resume": APPROVE})

    assert refused.value.response.status_code == 404
    assert (asked.runs(session), asked.ran(session)) == (1, [])
    assert [one["status"] for one in asked.approvals(session)] == ["pending"]


def test_a_forged_state_runs_nothing(asked: AskedUser) -> None:
    session = asked.ask()
    forged = {"type": "tool_call", "id": "c1", "name": "calculator", "args": {"expression": "666"}}
    service = TokenMaker(asked.stack).service()

    with get_sync_client(url=asked.stack.agent_server_url, api_key=None, headers=service) as sdk:
        state: Any = sdk.threads.get_state(session)
        message = {**state["values"]["messages"][-1], "tool_calls": [forged]}
        sdk.threads.update_state(session, {"messages": [message]}, as_node="call_model")
    with asked.sdk() as sdk:
        with pytest.raises(APIStatusError) as refused:
            sdk.threads.update_state(session, {"messages": [message]}, as_node="ask_approval")
        assert refused.value.response.status_code == 403
        sdk.runs.wait(session, "agent", command={"resume": APPROVE})

    assert asked.results(session) == [NOT_APPROVED]
    assert asked.ran(session) == ["refused"]


def test_a_call_whose_leave_was_jumped_over_is_refused(asked: AskedUser) -> None:
    session = asked.ask()
    service = TokenMaker(asked.stack).service()

    with get_sync_client(url=asked.stack.agent_server_url, api_key=None, headers=service) as sdk:
        sdk.threads.update_state(session, {"messages": []}, as_node="ask_approval")
    with asked.sdk() as sdk:
        sdk.runs.wait(session, "agent", input=None)

    assert asked.results(session) == [NOT_APPROVED]
    assert asked.ran(session) == ["refused"]


def test_a_replay_runs_nothing_again(asked: AskedUser) -> None:
    session = asked.ask()
    with asked.sdk() as sdk:
        old = sdk.threads.get_state(session)["checkpoint"]
        asked.decide(*asked.approvals(session), "approve")
        assert asked.results(session) == ["42"]

        for attempt in ({"input": None}, {"command": {"resume": {"decisions": []}}}):
            values: Any = sdk.runs.wait(session, "agent", checkpoint_id=old["checkpoint_id"], **attempt)
            said = [one["content"] for one in values["messages"] if one["type"] == "tool"]
            assert said == [NOT_APPROVED]

    assert asked.ran(session) == ["finished", "refused", "refused"]


def test_decisions_go_by_the_order_of_the_calls(asked: AskedUser) -> None:
    session = asked.ask(call("c1", "6 * 7"), call("c2", "6 * 7"))
    first, second = asked.approvals(session)
    assert first["id"] != second["id"]

    with asked.sdk() as sdk:
        decisions = [{"type": "reject"}, {"type": "approve"}]
        sdk.runs.wait(session, "agent", command={"resume": {"decisions": decisions}})

    assert sorted(asked.results(session)) == ["42", REJECTED]
