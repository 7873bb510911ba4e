"""What the Agent Server is answered about runs on users' own keys."""

import json

import pytest
from uuid_utils.compat import uuid7

from controlplane.provider_keys.models import UserAPIKey
from controlplane.usage.models import TokenUsage
from tests.controlplane.provider_keys.provider_server import GOOD_KEY


@pytest.fixture
def ask(agent_server_client):
    """Ask for a permit as the Agent Server does."""

    def post(run):
        body = {
            "attempt_id": str(uuid7()),
            "model": run.model_name,
            "node": "call_model",
            "request_type": "chat",
            "estimated_prompt_tokens": 100,
            "max_output_tokens": 50,
        }
        address = f"/internal/runs/{run.pk}/calls/"
        return agent_server_client.post(address, json.dumps(body), content_type="application/json")

    return post


def test_permit_carries_the_key_and_its_address(make_key, admitted, ask):
    key = make_key()

    answer = ask(admitted())

    assert answer.status_code == 201
    body = answer.json()
    assert body["own_key"] == {"provider": "openai", "version": key.entered_at.isoformat()}
    assert (body["api_key"], body["base_url"]) == (GOOD_KEY, "https://api.openai.com/v1")
    assert answer.headers["Cache-Control"] == "no-store"


def test_limit_of_the_key_is_named(make_key, admitted, ask):
    make_key(daily_limit=149)

    answer = ask(admitted())

    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (429, "limit_reached")
    assert (error["details"]["which"], error["details"]["limit"]) == ("key_daily_tokens", 149)
    assert int(answer.headers["Retry-After"]) > 0
    assert not TokenUsage.objects.exists()


@pytest.mark.parametrize(
    ("change", "code"),
    [({"is_active": False}, "key_inactive"), ({"encrypted_key": "gAAAA-nobody-opens"}, "key_unreadable")],
    ids=["inactive", "unreadable"],
)
def test_key_that_cannot_be_used_ends_the_run(make_key, admitted, ask, change, code):
    make_key()
    run = admitted()
    UserAPIKey.objects.update(**change)

    answer = ask(run)

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, code)
    assert GOOD_KEY not in answer.text
    assert not TokenUsage.objects.exists()
