"""Approvals over REST: what is shown, what is refused, and the run that goes on."""

import uuid

import pytest

from controlplane.approvals.models import ToolApproval
from sdk_bridge import ServerUnreachable


def path_of(approval, end=""):
    return f"/api/v1/approvals/{approval.pk}/{end}"


def test_shown_to_its_user_newest_first(api, ask, stranger_api):
    [old], [new] = ask(), ask(message_id="m2")

    listed = api.get("/api/v1/approvals/").json()["results"]

    assert [one["id"] for one in listed] == [str(new.pk), str(old.pk)]
    assert listed[1] == api.get(path_of(old)).json()
    assert listed[1]["arguments"] == {"expression": "0 + 1"}
    assert "redeemed_by" not in listed[1]
    assert stranger_api.get("/api/v1/approvals/").json()["results"] == []
    assert stranger_api.get(path_of(old)).status_code == 404


def test_filtered_by_status_and_session(api, ask, run):
    first, _ = ask(2)
    ToolApproval.objects.filter(pk=first.pk).update(status="rejected")

    def found(query):
        return [one["id"] for one in api.get(f"/api/v1/approvals/?{query}").json()["results"]]

    assert found("status=rejected") == [str(first.pk)]
    assert len(found(f"session_id={run.session_id}")) == 2
    assert found(f"session_id={uuid.uuid4()}") == []
    for wrong in ("status=maybe", "session_id=1"):
        answer = api.get(f"/api/v1/approvals/?{wrong}")
        assert (answer.status_code, list(answer.json()["error"]["fields"])) == (422, [wrong.split("=")[0]])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "decision"),
        ({"decision": "maybe"}, "decision"),
        ({"decision": "edit"}, "arguments"),
        ({"decision": "approve", "arguments": {}}, "arguments"),
        ({"decision": "edit", "arguments": "6 * 7"}, "arguments"),
        ({"decision": "edit", "arguments": {"a": "x\0y"}}, "arguments"),
        ({"decision": "edit", "arguments": {"a": "x" * 20_001}}, "arguments"),
        ({"decision": "reject", "reason": "x" * 1_001}, "reason"),
        ({"decision": "reject", "reason": "x\0y"}, "reason"),
    ],
    ids=str,
)
def test_wrong_decision_names_its_field(api, waiting, agent_server, body, field):
    answer = api.post(path_of(waiting, "decide/"), body, format="json")

    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (422, [field])
    assert ToolApproval.objects.get().status == "pending"


@pytest.mark.django_db(transaction=True)
def test_resume_that_cannot_start_is_kept_for_the_sweep(api, built_in, waiting, agent_server):
    agent_server.faults.fail_with = ServerUnreachable("away")

    answer = api.post(path_of(waiting, "decide/"), {"decision": "approve"}, format="json")

    assert answer.status_code == 503
    kept = ToolApproval.objects.get()
    assert (kept.status, kept.resumed_run_id) == ("approved", None)
    assert kept.resume_claimed_at is not None


@pytest.mark.django_db(transaction=True)
def test_resume_that_is_refused_is_left_to_its_user(api, built_in, waiting, agent_server):
    """The thread is not there at all."""
    for _ in range(2):
        answer = api.post(path_of(waiting, "decide/"), {"decision": "approve"}, format="json")
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "thread_not_found")

    kept = ToolApproval.objects.get()
    assert (kept.status, kept.resume_claimed_at) == ("approved", None)
