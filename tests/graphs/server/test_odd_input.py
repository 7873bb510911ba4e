"""Odd tokens, odd options and odd text get a plain refusal, and never break the server."""

import base64
import json
from http.client import HTTPConnection
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.graphs.agent_server import AgentServer
from tests.graphs.server.wire import code_of, say
from tests.scripted_model import ScriptedModel


def _with_header(text: str) -> bytes:
    """A token with this text for its header."""
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=") + b".e30.x"


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("é".encode("latin-1"), id="latin-1"),
        pytest.param("é日".encode(), id="utf-8"),
        pytest.param(b"\xff\xfe", id="bytes"),
        pytest.param(_with_header("[" * 9000), id="a header that is deep"),
        pytest.param(_with_header('{"alg":"ES256","kid":["x"]}'), id="a list for a key id"),
        pytest.param(_with_header('{"alg":"ES256","kid":null}'), id="no key id"),
        pytest.param(b"." * 5000, id="dots"),
        pytest.param(b"a" * 500_000, id="half a megabyte"),
    ],
)
def test_an_odd_token_is_401(agent_server: AgentServer, token: bytes):
    answer = agent_server.request("POST", "/threads", headers={"Authorization": b"Bearer " + token}, json={})

    assert (answer.status_code, code_of(answer.json())) == (401, "unauthorized")


def test_of_two_tokens_a_bad_last_one_is_401(agent_server: AgentServer, token: str):
    pairs = [("Authorization", f"Bearer {token}"), ("Authorization", "Bearer x")]

    answer = httpx.post(f"{agent_server.url}/threads/search", json={}, headers=pairs, timeout=10)

    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("path", "content", "status"),
    [
        pytest.param("{thread}/runs/wait", "[" * 100_000, 422, id="deep JSON"),
        pytest.param("{thread}/runs/wait", "{", 422, id="half a body"),
        pytest.param("/threads/no-uuid/runs/wait", {"if_not_exists": "create"}, 400, id="no thread id"),
        pytest.param("{thread}/runs/wait", {"config": {"recursion_limit": -1}}, 422, id="negative steps"),
        pytest.param("{thread}/runs/wait", {"config": {"recursion_limit": "5"}}, 422, id="steps as text"),
        pytest.param("{thread}/runs/wait", {"config": {"recursion_limit": 10**30}}, 422, id="huge steps"),
    ],
)
def test_an_odd_run_is_refused_and_starts_nothing(
    agent_server: AgentServer, scripted_model: ScriptedModel, token: str, user_id: UUID, path: str,
    content: Any, status: int,
):  # fmt: skip
    thread_id = agent_server.request("POST", "/threads", token=token, json={}).json()["thread_id"]
    turn = {"assistant_id": "agent", "input": say(f"odd {user_id}")}
    body = content if isinstance(content, str) else json.dumps({**turn, **content})

    answer = agent_server.request(
        "POST",
        path.format(thread=f"/threads/{thread_id}"),
        token=token,
        content=body,
        headers={"Content-Type": "application/json"},
    )

    assert answer.status_code == status
    assert agent_server.request("GET", f"/threads/{thread_id}/runs", token=token).json() == []
    assert scripted_model.calls(f"odd {user_id}") == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        pytest.param("PUT", "items", {"key": "\x00", "value": {}}, id="null in a key"),
        pytest.param("PUT", "items", {"key": "k", "value": {"a": "\x00"}}, id="null in a value"),
        pytest.param("POST", "items/search", {"limit": -1}, id="negative limit"),
        pytest.param("POST", "items/search", {"limit": 10**20}, id="huge limit"),
        pytest.param("POST", "items/search", {"offset": -1}, id="negative offset"),
        pytest.param("POST", "items/search", {"filter": {"a": "\x00"}}, id="null in a filter"),
        pytest.param("POST", "namespaces", {"max_depth": -1}, id="negative depth"),
        pytest.param("POST", "namespaces", {"limit": -1}, id="negative number of namespaces"),
    ],
)
def test_what_the_store_would_fail_on_is_422(
    agent_server: AgentServer, token: str, user_id: UUID, method: str, path: str, body: dict[str, Any]
):
    namespace = ["users", str(user_id)]
    names = {"namespace": namespace, "namespace_prefix": namespace, "prefix": namespace}
    place = {"items": "namespace", "items/search": "namespace_prefix", "namespaces": "prefix"}[path]

    answer = agent_server.request(method, f"/store/{path}", token=token, json={place: names[place], **body})

    assert (answer.status_code, code_of(answer.json())) == (422, "validation_failed")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/internal/truncate", 404),
        ("//internal/truncate", 404),
        ("/%69nternal/truncate", 404),
        ("/internal%2Ftruncate", 404),
        ("/internal/truncate/", 404),
        ("/INTERNAL/truncate", 401),
        ("/internal;x/truncate", 401),
        ("/x/../internal/truncate", 401),
    ],
)
def test_no_spelling_opens_a_closed_route(agent_server: AgentServer, token: str, path: str, status: int):
    thread_id = agent_server.request("POST", "/threads", token=token, json={}).json()["thread_id"]
    connection = HTTPConnection(agent_server.url.removeprefix("http://"), timeout=10)
    try:
        connection.request("POST", path, body='{"runs": true, "threads": true}')
        answered = connection.getresponse().status
    finally:
        connection.close()

    assert answered == status
    assert agent_server.request("GET", f"/threads/{thread_id}", token=token).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        pytest.param("GET", "history?limit=-1", None, id="negative limit"),
        pytest.param("GET", "history?before=%00", None, id="null before"),
        pytest.param("GET", "state/%00", None, id="null in an id"),
        pytest.param("POST", "history", {"checkpoint": {"checkpoint_id": "\x00"}}, id="null in a checkpoint"),
        pytest.param("POST", "history", {"metadata": {"a": "\x00"}}, id="null in a filter"),
        pytest.param("POST", "state/checkpoint", {"checkpoint": {"checkpoint_id": "\x00"}}, id="null state"),
    ],
)
def test_what_the_checkpoints_would_fail_on_is_400(
    agent_server: AgentServer, token: str, method: str, path: str, body: Any
):
    thread = {"metadata": {"graph_id": "agent"}}
    thread_id = agent_server.request("POST", "/threads", token=token, json=thread).json()["thread_id"]

    answer = agent_server.request(method, f"/threads/{thread_id}/{path}", token=token, json=body)

    assert answer.status_code == 400
