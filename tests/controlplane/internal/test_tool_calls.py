"""The endpoints of tool calls: the secret first, typed bodies, the contract's answers."""

import json
import uuid

import pytest
from django.test import Client

from controlplane.tools.models import AvailableTool, ToolCall, UserTool
from tests.controlplane.tools.conftest import built_in

__all__ = ["built_in"]


@pytest.fixture
def run(built_in, admitted):  # the fixture
    return admitted()


@pytest.fixture
def agent_server_client(settings):
    """Post as the Agent Server does."""
    return Client(
        headers={"X-Threadplane-Secret": settings.CONTROL_PLANE_SECRET}, raise_request_exception=False
    )


def post(client, run, body, *, end_of=None):
    path = f"/internal/runs/{run.pk}/tool-calls/" + (f"{end_of}/end/" if end_of else "")
    return client.post(path, json.dumps(body), content_type="application/json")


def call(**changes):
    return {
        "attempt_id": str(uuid.uuid4()),
        "tool_call_id": "call_1",
        "tool_name": "calculator",
        **changes,
    }


def test_call_is_permitted_once_and_then_repeated(run, agent_server_client):
    body = call()

    first, second = (post(agent_server_client, run, body) for _ in range(2))

    assert (first.status_code, second.status_code) == (201, 200)
    expected = {"attempt_id": body["attempt_id"], "configuration": {}, "secrets": {}, "connection": None}
    assert first.json() == second.json() == expected
    assert first.headers["Cache-Control"] == "no-store"
    assert ToolCall.objects.count() == 1


def test_end_is_told_and_repeated(run, agent_server_client):
    body = call()
    post(agent_server_client, run, body)

    answers = [
        post(
            agent_server_client,
            run,
            {"outcome": "finished", "duration_ms": duration},
            end_of=body["attempt_id"],
        )
        for duration in (12, 99)
    ]

    assert [answer.status_code for answer in answers] == [204, 204]
    assert ToolCall.objects.values_list("outcome", "duration_ms").get() == ("finished", 12)


def test_end_of_nothing_is_not_found(run, agent_server_client):
    answer = post(agent_server_client, run, {"outcome": "finished", "duration_ms": 1}, end_of=uuid.uuid4())

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "tool_call_not_found")


def test_tool_that_is_off_is_refused(run, agent_server_client):
    AvailableTool.objects.update(is_active=False)

    answer = post(agent_server_client, run, call())

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "tool_disabled")
    assert ToolCall.objects.get().outcome == "refused"


def test_rate_limit_says_when_to_come_back(run, agent_server_client):
    AvailableTool.objects.update(default_rate_limit=1)
    post(agent_server_client, run, call())

    answer = post(agent_server_client, run, call())

    assert answer.status_code == 429
    error = answer.json()["error"]
    assert error["code"] == "limit_reached"
    assert {name: error["details"][name] for name in ("limit", "used", "remaining")} == {
        "limit": 1,
        "used": 1,
        "remaining": 0,
    }
    assert 0 < int(answer.headers["Retry-After"]) <= 7_201
    assert sorted(ToolCall.objects.values_list("outcome", flat=True)) == ["pending", "refused"]
    assert UserTool.objects.get().usage_count == 1


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"attempt_id": "1"}, id="attempt_id"),
        pytest.param({"tool_name": ""}, id="tool_name"),
        pytest.param({"tool_name": "a\0b"}, id="null character"),
        pytest.param({"tool_call_id": "a\0b"}, id="null character in the id"),
        pytest.param({"tool_call_id": "x" * 201}, id="long id"),
    ],
)
def test_wrong_call_names_its_field(run, agent_server_client, changes):
    answer = post(agent_server_client, run, call(**changes))

    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (422, list(changes))
    assert not ToolCall.objects.exists()


@pytest.mark.parametrize(
    "changes", [{"outcome": "pending"}, {"duration_ms": -1}, {"duration_ms": 10**12}], ids=str
)
def test_wrong_end_names_its_field(run, agent_server_client, changes):
    body = call()
    post(agent_server_client, run, body)

    answer = post(
        agent_server_client,
        run,
        {"outcome": "finished", "duration_ms": 1, **changes},
        end_of=body["attempt_id"],
    )

    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (422, list(changes))
    assert ToolCall.objects.get().outcome == "pending"


@pytest.mark.parametrize("secret", ["", "wrong"], ids=["none", "wrong"])
@pytest.mark.parametrize("end_of", [None, uuid.UUID(int=1)], ids=["call", "end"])
def test_without_the_secret_nobody_gets_in(run, secret, end_of):
    client = Client(headers={"X-Threadplane-Secret": secret}, raise_request_exception=False)

    answer = post(client, run, call(), end_of=end_of)

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forged_request")
    assert not ToolCall.objects.exists()
