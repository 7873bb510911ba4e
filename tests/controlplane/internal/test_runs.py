"""The endpoints of the Agent Server: the secret first, typed bodies, the contract's answers."""

import json
import uuid

import pytest
from django.test import Client
from uuid_utils.compat import uuid7

from controlplane.chat.models import ChatSession
from controlplane.runs.models import Run
from controlplane.usage.models import DailyCounter, TokenUsage
from tests.controlplane.internal.posting import post

ADMIT = "/internal/runs/admit/"
WEBHOOK = "/internal/webhooks/runs/"
NOBODY = uuid.UUID(int=1)
CALLS = f"/internal/runs/{NOBODY}/calls/"


def admission(user, **changes):
    body = {
        "run_id": str(uuid.uuid4()),
        "thread_id": str(uuid.uuid4()),
        "graph_id": "agent",
        "user_id": str(user.pk),
        "role": "user",
        "is_resume": False,
        "if_not_exists": "create",
        "requested": {},
    }
    return {**body, **changes}


def call(**changes):
    body = {
        "attempt_id": str(uuid7()),
        "model": "gpt-4o",
        "node": "call_model",
        "request_type": "chat",
        "estimated_prompt_tokens": 120,
        "max_output_tokens": 1024,
    }
    return {**body, **changes}


def test_admission_answers_with_the_context(user, agent_server_client, allow_models):
    allow_models("asked")
    body = admission(user, requested={"model": "asked", "temperature": 0.7, "max_tokens": 100})
    answer = post(agent_server_client, ADMIT, body)
    assert answer.status_code == 200
    assert answer.json()["run_id"] == body["run_id"]
    assert answer.json()["session_id"] == body["thread_id"]
    context = answer.json()["context"]
    assert (context["model"], context["temperature"], context["max_tokens"]) == ("asked", 0.7, 100)


def test_model_that_is_not_allowed_is_refused_with_its_field(user, agent_server_client):
    answer = post(agent_server_client, ADMIT, admission(user, requested={"model": "asked"}))

    assert answer.status_code == 422
    error = answer.json()["error"]
    assert (error["code"], error["fields"]) == ("model_not_allowed", {"model": ["asked is not allowed."]})
    assert error["details"] == {"model": "asked", "origin": "run"}
    assert not Run.objects.exists()
    assert not ChatSession.objects.exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        pytest.param({"run_id": "no"}, "run_id", id="run id"),
        pytest.param({"role": "root"}, "role", id="role"),
        pytest.param({"user_id": None}, "user_id", id="user run without a user"),
        pytest.param({"role": "service"}, "requested.user_id", id="service run without a payer"),
        pytest.param({"requested": {"temperature": 3}}, "requested.temperature", id="temperature"),
        pytest.param({"requested": {"max_tokens": 0}}, "requested.max_tokens", id="max tokens"),
        pytest.param({"requested": {"model": ""}}, "requested.model", id="model"),
        pytest.param({"requested": {"model": "a\0b"}}, "requested.model", id="null character"),
        pytest.param({"graph_id": "a\0b"}, "graph_id", id="null character in the graph"),
    ],
)
def test_wrong_admission_names_its_field(user, agent_server_client, changes, field):
    answer = post(agent_server_client, ADMIT, admission(user, **changes))
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "validation_failed"
    assert list(answer.json()["error"]["fields"]) == [field]
    assert not Run.objects.exists()


def test_used_up_limit_says_when_to_come_back(user, agent_server_client, settings):
    settings.DAILY_MESSAGE_LIMIT = 0
    answer = post(agent_server_client, ADMIT, admission(user))
    assert answer.status_code == 429
    error = answer.json()["error"]
    assert error["code"] == "limit_reached"
    assert sorted(error["details"]) == ["limit", "remaining", "resets_at", "used", "which"]
    assert 0 < int(answer.headers["Retry-After"]) <= 86_401
    assert not Run.objects.exists()


def test_another_user_s_thread_is_not_found(user, stranger, agent_server_client):
    session = ChatSession.objects.create(user=stranger)
    answer = post(agent_server_client, ADMIT, admission(user, thread_id=str(session.pk)))
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "thread_not_found")
    assert not Run.objects.exists()


def test_permit_is_created_once_and_then_repeated(user, agent_server_client, settings):
    settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL = "sk-house", None
    run_id = post(agent_server_client, ADMIT, admission(user)).json()["run_id"]
    body = call()
    first, second = (post(agent_server_client, f"/internal/runs/{run_id}/calls/", body) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 200)
    expected = {
        "attempt_id": body["attempt_id"],
        "base_url": None,
        "api_key": "sk-house",
        "protocol": "openai",
        "own_key": None,
    }
    assert first.json() == second.json() == expected
    assert first.headers["Cache-Control"] == "no-store"
    assert TokenUsage.objects.count() == 1


def test_permit_for_an_unknown_run_is_not_found(db, agent_server_client):
    answer = post(agent_server_client, f"/internal/runs/{uuid.uuid4()}/calls/", call())
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "run_not_found")


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"request_type": "poem"}, id="request_type"),
        pytest.param({"model": "a\0b"}, id="model"),
        pytest.param({"node": "a\0b"}, id="node"),
        pytest.param({"estimated_prompt_tokens": -1}, id="estimated_prompt_tokens"),
        pytest.param({"max_output_tokens": 0}, id="max_output_tokens"),
        pytest.param({"attempt_id": "1"}, id="attempt_id"),
        pytest.param({"model": "m" * 201}, id="model"),
    ],
)
def test_wrong_call_names_its_field(user, agent_server_client, changes):
    run_id = post(agent_server_client, ADMIT, admission(user)).json()["run_id"]
    answer = post(agent_server_client, f"/internal/runs/{run_id}/calls/", call(**changes))
    assert answer.status_code == 422
    assert list(answer.json()["error"]["fields"]) == list(changes)
    assert not TokenUsage.objects.exists()


@pytest.mark.parametrize("secret", ["", "wrong", "é"], ids=["none", "wrong", "not ascii"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        pytest.param("POST", ADMIT, id="admit"),
        pytest.param("POST", CALLS, id="calls"),
        pytest.param("GET", f"/internal/users/{NOBODY}/", id="user state"),
        pytest.param("POST", WEBHOOK, id="webhook"),
    ],
)
def test_without_the_secret_nobody_gets_in(user, method, path, secret):
    headers = {"X-Threadplane-Secret": secret, "X-Threadplane-Webhook": secret}
    body = json.dumps(admission(user)) if path == ADMIT else "{}"
    client = Client(headers=headers, raise_request_exception=False)
    answer = client.generic(method, path, body, content_type="application/json")
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == ("forged_webhook" if path == WEBHOOK else "forged_request")
    assert not Run.objects.exists()
    assert not DailyCounter.objects.exists()


def test_one_secret_does_not_open_the_other_door(user, settings):
    swapped = {
        "X-Threadplane-Secret": settings.LG_WEBHOOK_SECRET,
        "X-Threadplane-Webhook": settings.CONTROL_PLANE_SECRET,
    }
    client = Client(headers=swapped, raise_request_exception=False)
    assert post(client, ADMIT, admission(user)).status_code == 403
    assert post(client, WEBHOOK, {}).status_code == 403


@pytest.mark.parametrize("path", [ADMIT, CALLS, WEBHOOK])
def test_body_that_is_no_json_is_said_to_be(db, agent_server_client, path):
    answer = agent_server_client.post(path, "{nope", content_type="application/json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "malformed_json")


def test_oversized_body_is_refused(db, agent_server_client):
    answer = agent_server_client.post(ADMIT, "x" * 1_000_001, content_type="application/json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "body_too_large")


def test_other_methods_are_refused(db, agent_server_client):
    assert agent_server_client.get(ADMIT).status_code == 405
