"""Sending a message and waiting for the whole answer."""

import json
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.utils import timezone

from controlplane.accounts.agent_tokens import mint_for_user
from controlplane.usage.counters import consume_message
from sdk_bridge import (
    Conflict,
    LimitReached,
    Message,
    PendingInterrupt,
    RunRequest,
    ServerBusy,
    ServerUnreachable,
    ThreadDeleted,
    ToolCallRequest,
)
from sdk_bridge.memory import Reply, Turn
from tests.controlplane import agent_server_double


def address(session) -> str:
    return f"/api/v1/sessions/{session.pk}/messages/"


def runs_at(agent_server, user, session) -> tuple:
    bridge = agent_server.acting_as(mint_for_user(user).token)
    return async_to_sync(bridge.list_runs)(session.pk)


def install_assistant(assistant, session, user):
    """Let another assistant answer on the session's thread."""
    server = agent_server_double.install(agent=assistant)
    bridge = server.acting_as(mint_for_user(user).token)
    async_to_sync(bridge.create_thread)(session.pk)
    return server


def failing_with(error_class: str, message: str = ""):
    """An assistant whose graph raises an exception of that class name."""

    async def assistant(turn: Turn) -> AsyncIterator[Reply]:
        yield "Half an"
        raise type(error_class, (RuntimeError,), {})(message)

    return assistant


def test_answer_is_the_last_message_of_the_run(api, session, user, agent_server):
    response = api.post(address(session), {"message": "Is tea good?"})

    assert response.status_code == 200
    body = response.json()
    (run,) = runs_at(agent_server, user, session)
    assert body == {
        "run_id": str(run.run_id),
        "status": "success",
        "message": {
            "id": body["message"]["id"],
            "role": "ai",
            "content": "You said Is tea good?",
            "tool_calls": [],
        },
        "interrupts": [],
    }


def test_wishes_travel_with_the_message(api, session, user):
    seen: list[RunRequest] = []

    async def assistant(turn: Turn) -> AsyncIterator[Reply]:
        seen.append(turn.request)
        yield "ok"

    install_assistant(assistant, session, user)
    body = {"message": "  indented", "model": "gpt-4o", "temperature": 0.2, "max_tokens": 9}
    assert api.post(address(session), body).status_code == 200

    assert seen == [
        RunRequest(
            message="  indented",
            model="gpt-4o",
            temperature=0.2,
            max_tokens=9,
            on_disconnect="continue",
            if_not_exists="create",
            stream_resumable=True,
        )
    ]


def test_question_of_the_graph_is_passed_on(api, session, user):
    async def assistant(turn: Turn) -> AsyncIterator[Reply]:
        yield Message("m1", "ai", "", tool_calls=(ToolCallRequest("c1", "send", {"to": "Bob"}),))
        yield PendingInterrupt("i1", {"approve": "send"})

    install_assistant(assistant, session, user)
    body = api.post(address(session), {"message": "Send it"}).json()

    assert body["interrupts"] == [{"id": "i1", "value": {"approve": "send"}}]
    assert body["message"]["tool_calls"] == [{"id": "c1", "name": "send", "arguments": {"to": "Bob"}}]


@pytest.mark.parametrize(
    ("error_class", "status", "code"),
    [
        ("LimitReached", 429, "limit_reached"),
        ("ModelUnreachable", 502, "model_unreachable"),
        ("ModelTimedOut", 504, "model_timed_out"),
        ("ModelRateLimited", 503, "model_rate_limited"),
        ("ModelFailed", 502, "model_failed"),
        ("ModelRefused", 502, "model_refused"),
        ("ControlPlaneUnreachable", 503, "control_plane_unreachable"),
        ("RunRefused", 409, "run_refused"),
        ("KeyRefused", 409, "key_refused"),
        ("KeyError", 502, "run_failed"),
    ],
)
def test_failed_run_has_its_status_and_code(api, session, user, error_class, status, code):
    install_assistant(failing_with(error_class), session, user)

    response = api.post(address(session), {"message": "Is tea good?"})

    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (status, code)
    assert uuid.UUID(error["details"]["run_id"])


def test_limit_reached_in_the_middle_says_which_and_until_when(api, session, user):
    resets_at = timezone.now() + timedelta(hours=1)
    details = {"limit": 10, "used": 9, "remaining": 1, "resets_at": resets_at.isoformat()}
    details["which"] = "daily_tokens"
    said = json.dumps({"message": "Today's tokens are used up.", "details": details})
    install_assistant(failing_with("LimitReached", said), session, user)

    response = api.post(address(session), {"message": "Is tea good?"})

    error = response.json()["error"]
    assert (response.status_code, error["message"]) == (429, "Today's tokens are used up.")
    assert {name: value for name, value in error["details"].items() if name != "run_id"} == details
    assert 3500 < int(response.headers["Retry-After"]) <= 3600
    assert response.headers["RateLimit"].startswith('"daily_tokens";r=1;t=3')
    assert response.headers["RateLimit-Policy"] == '"daily_tokens";q=10;qu="tokens"'


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
def test_answer_tells_what_is_left_of_each_limit(api, session, user, settings, accept):
    settings.DAILY_MESSAGE_LIMIT, settings.MONTHLY_TOKEN_LIMIT = 5, 1000
    consume_message(user)

    async def assistant(_turn: Turn) -> AsyncIterator[Reply]:
        yield "ok"

    install_assistant(assistant, session, user)
    response = api.post(address(session), {"message": "Is tea good?"}, headers={"Accept": accept})

    assert response.status_code == 200
    left = [one.rpartition(";t=")[0] for one in response.headers["RateLimit"].split(", ")]
    assert left == ['"daily_messages";r=4', '"monthly_tokens";r=1000']
    policies = '"daily_messages";q=5;qu="messages", "monthly_tokens";q=1000;qu="tokens"'
    assert response.headers["RateLimit-Policy"] == policies


@pytest.mark.parametrize(
    ("refusal", "status", "code"),
    [
        pytest.param(ServerUnreachable("gone"), 503, "agent_server_unreachable", id="unreachable"),
        pytest.param(ServerBusy("busy", retry_after=7), 503, "agent_server_busy", id="busy"),
        pytest.param(Conflict("a run is under way"), 409, "conflict", id="run-under-way"),
        pytest.param(ThreadDeleted("gone"), 410, "thread_deleted", id="deleted"),
        pytest.param(LimitReached("enough", details={"limit": 5}), 429, "limit_reached", id="limit"),
    ],
)
def test_refusal_is_the_same_whole_or_streamed(api, session, user, agent_server, refusal, status, code):
    for accept in ("application/json", "text/event-stream"):
        agent_server.faults.fail_with = refusal
        response = api.post(address(session), {"message": "Is tea good?"}, HTTP_ACCEPT=accept)
        agent_server.faults.fail_with = None

        assert (response.status_code, response.json()["error"]["code"]) == (status, code)
        assert response.json()["error"].get("details", {}) == dict(refusal.details)
        assert response.headers.get("Retry-After") == ("7" if refusal.retry_after else None)
    assert runs_at(agent_server, user, session) == ()


def test_cut_stream_is_an_error_that_names_its_run(api, session, agent_server):
    agent_server.faults.cut_streams_after = 1

    error = api.post(address(session), {"message": "Is tea good?"}).json()["error"]

    assert error["code"] == "stream_interrupted"
    assert uuid.UUID(error["details"]["run_id"])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        pytest.param({}, "message", id="missing"),
        pytest.param({"message": ""}, "message", id="empty"),
        pytest.param({"message": " \n\t "}, "message", id="blank"),
        pytest.param({"message": None}, "message", id="null"),
        pytest.param({"message": ["a"]}, "message", id="list"),
        pytest.param({"message": 5}, "message", id="number"),
        pytest.param({"message": "x" * 100_001}, "message", id="too-long"),
        pytest.param({"message": "x", "temperature": 3}, "temperature", id="temperature"),
        pytest.param({"message": "x", "max_tokens": "many"}, "max_tokens", id="max-tokens"),
        pytest.param({"message": "x", "model": {}}, "model", id="model"),
        pytest.param({"message": "x", "on_disconnect": "explode"}, "on_disconnect", id="on-disconnect"),
    ],
)
def test_wrong_field_is_named_and_no_run_starts(api, session, user, agent_server, body, field):
    response = api.post(address(session), body)

    assert (response.status_code, list(response.json()["error"]["fields"])) == (422, [field])
    assert runs_at(agent_server, user, session) == ()


def test_longest_message_is_taken(api, session):
    response = api.post(address(session), {"message": "é" * 100_000})

    assert response.status_code == 200


def test_archived_session_takes_no_message(api, session, user, agent_server):
    api.post(f"/api/v1/sessions/{session.pk}/archive/")

    response = api.post(address(session), {"message": "Is tea good?"})

    assert (response.status_code, response.json()["error"]["code"]) == (409, "session_archived")
    assert runs_at(agent_server, user, session) == ()


def test_lost_thread_is_made_again_by_the_next_message(api, session, user, agent_server):
    api.post(address(session), {"message": "One"})
    agent_server.lose_thread(session.pk)

    assert api.post(address(session), {"message": "Two"}).status_code == 200

    history = api.get(f"/api/v1/sessions/{session.pk}/history/").json()
    assert [one["content"] for one in history["messages"]] == ["One", "You said One", "Two", "You said Two"]
