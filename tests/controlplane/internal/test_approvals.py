"""The endpoint of approvals: the secret first, typed bodies, the contract's answers."""

import uuid

import pytest
from django.test import Client

from controlplane.approvals.models import ToolApproval
from tests.controlplane.internal.posting import post


def path_of(run):
    return f"/internal/runs/{run.pk}/approvals/"


def body(**changes):
    call = {"approval_id": str(uuid.uuid4()), "tool_name": "calculator", "arguments": {"x": 1}, **changes}
    return {"message_id": "m1", "calls": [call]}


def test_asked_and_repeated(admitted, agent_server_client):
    run, asked = admitted(), body()

    first, second = (post(agent_server_client, path_of(run), asked) for _ in range(2))

    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json() == second.json()
    [one] = first.json()["approvals"]
    kept = ToolApproval.objects.get()
    assert one == {
        "id": asked["calls"][0]["approval_id"],
        "status": "pending",
        "arguments": {"x": 1},
        "reason": "",
        "expires_at": kept.expires_at.isoformat(),
    }
    assert kept.run_id == run.pk


def test_edited_arguments_are_told(admitted, agent_server_client):
    run, asked = admitted(), body()
    post(agent_server_client, path_of(run), asked)
    ToolApproval.objects.update(status="edited", edited_arguments={"x": 2}, reason="So.")

    [one] = post(agent_server_client, path_of(run), asked).json()["approvals"]

    assert (one["status"], one["arguments"], one["reason"]) == ("edited", {"x": 2}, "So.")


def test_nobody_asks_without_the_secret(admitted):
    answer = post(Client(raise_request_exception=False), path_of(admitted()), body())

    assert answer.status_code == 403
    assert not ToolApproval.objects.exists()


def test_run_that_is_not_there_asks_nothing(db, agent_server_client):
    answer = post(agent_server_client, f"/internal/runs/{uuid.uuid4()}/approvals/", body())

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "run_not_found")


@pytest.mark.parametrize(
    "wrong",
    [
        {**body(), "calls": []},
        {**body(), "calls": body()["calls"] * 65},
        {**body(), "message_id": "x" * 201},
        {**body(), "message_id": "a\0b"},
        body(approval_id="1"),
        body(tool_name="x" * 65),
        body(tool_name="a\0b"),
        body(arguments=[]),
        body(arguments={"a": "x\0y"}),
        body(arguments={"a": "x" * 20_001}),
    ],
    ids=range(10),
)
def test_wrong_body_is_refused(admitted, agent_server_client, wrong):
    answer = post(agent_server_client, path_of(admitted()), wrong)

    assert answer.status_code == 422
    assert answer.json()["error"]["fields"]
    assert not ToolApproval.objects.exists()
