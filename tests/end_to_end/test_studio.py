"""LangGraph Studio's own calls, on a server that lets it in, and on the stack's own, which does not."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.end_to_end.answers import in_a_word
from tests.graphs.agent_server import AgentServer
from tests.running_stack import RunningStack
from tests.scripted_model import ScriptedModel

STUDIO = "https://smith.langchain.com"
STUDIO_HEADERS = {"x-auth-scheme": "langsmith", "Origin": STUDIO}
GRAPHS = {"agent": {"call_model", "run_tools"}, "summarizer": set()}
# What Studio asks before any person does anything, by method, path and body.
OPENING_CALLS = [
    ("POST", "/assistants/search", {}),
    ("GET", "/assistants/{assistant}", None),
    ("GET", "/assistants/{assistant}/graph?xray=true", None),
    ("GET", "/assistants/{assistant}/schemas", None),
    ("GET", "/assistants/{assistant}/subgraphs?recurse=true", None),
    ("POST", "/threads/search", {"limit": 10}),
    ("POST", "/threads", {"metadata": {"graph_id": "agent"}}),
]


@pytest.fixture(scope="module")
def studio(stack: RunningStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Studio, at a second Agent Server beside the stack's own: the same control plane, Studio allowed."""
    server = AgentServer.start(_folder(tmp_path_factory), {**stack.environment, "ALLOW_STUDIO_USER": "true"})
    with httpx.Client(base_url=server.url, headers=STUDIO_HEADERS, timeout=30) as http:
        yield http
    server.stop()
    assert "blocking call" not in server.output().lower()


@pytest.fixture
def shut_out(stack: RunningStack) -> Iterator[httpx.Client]:
    """Studio, at the stack's own server, where the setting is off."""
    with httpx.Client(base_url=stack.agent_server_url, headers=STUDIO_HEADERS, timeout=30) as http:
        yield http


def _folder(factory: pytest.TempPathFactory) -> Path:
    return factory.mktemp("studio")


def _assistants(http: httpx.Client) -> dict[str, str]:
    found = _json(http.post("/assistants/search", json={}))
    return {assistant["graph_id"]: assistant["assistant_id"] for assistant in found}


def _json(response: httpx.Response) -> Any:
    assert response.status_code == 200, response.text
    assert response.headers["access-control-allow-origin"] == STUDIO
    return response.json()


def test_it_learns_about_the_server_and_its_graphs(studio: httpx.Client) -> None:
    info = _json(studio.get("/info"))

    assert info["flags"]["assistants"] is True
    assert set(_assistants(studio)) == set(GRAPHS)


@pytest.mark.parametrize("graph", GRAPHS)
def test_it_draws_a_graph_and_its_forms(studio: httpx.Client, graph: str) -> None:
    assistant = f"/assistants/{_assistants(studio)[graph]}"

    drawn = _json(studio.get(f"{assistant}/graph", params={"xray": "true"}))
    schemas = _json(studio.get(f"{assistant}/schemas"))
    subgraphs = _json(studio.get(f"{assistant}/subgraphs", params={"recurse": "true"}))

    nodes = {node["id"] for node in drawn["nodes"]}
    assert {"__start__", "__end__"} | GRAPHS[graph] <= nodes
    assert all({edge["source"], edge["target"]} <= nodes for edge in drawn["edges"])
    assert schemas["input_schema"]["properties"]
    assert schemas["context_schema"]["properties"]
    assert subgraphs == {}


def test_a_developer_runs_forks_and_looks_back(studio: httpx.Client, scripted_model: ScriptedModel) -> None:
    word, other = f"studio-{uuid.uuid4()}", f"forked-{uuid.uuid4()}"
    scripted_model.reply(word, "Hello, developer.")
    scripted_model.reply(other, "Hello again.")
    thread_id = _json(studio.post("/threads", json={"metadata": {"graph_id": "agent"}}))["thread_id"]
    thread = f"/threads/{thread_id}"

    first = _run(studio, thread, f"Say {word}")
    empty = _json(studio.post(f"{thread}/history", json={"limit": 50}))[-1]
    second = _run(studio, thread, f"Say {other}", checkpoint=empty["checkpoint"])

    state = _json(studio.get(f"{thread}/state"))
    found = _json(studio.post("/threads/search", json={"ids": [thread_id]}))
    assert in_a_word(first, first.text) == in_a_word(second, second.text) == "200 events"
    assert "Hello, developer." in first.text
    assert [message["content"] for message in state["values"]["messages"]] == [f"Say {other}", "Hello again."]
    assert [(entry["thread_id"], entry["status"]) for entry in found] == [(thread_id, "idle")]
    assert found[0]["metadata"]["owner"] == "studio"
    assert len(_json(studio.post(f"{thread}/history", json={"limit": 50}))) > 4


def _run(studio: httpx.Client, thread: str, text: str, **options: Any) -> httpx.Response:
    body = {
        "assistant_id": "agent",
        "input": {"messages": [{"type": "human", "content": text}]},
        "stream_mode": ["values", "messages-tuple", "debug"],
        "stream_subgraphs": True,
        **options,
    }
    response = studio.post(f"{thread}/runs/stream", json=body)
    assert "event: error" not in response.text, response.text[-2000:]
    return response


def test_a_run_stops_where_the_developer_wants_and_goes_on(
    studio: httpx.Client, scripted_model: ScriptedModel
) -> None:
    word = f"stopped-{uuid.uuid4()}"
    scripted_model.reply(word, "After the break.")
    thread_id = _json(studio.post("/threads", json={"metadata": {"graph_id": "agent"}}))["thread_id"]
    thread = f"/threads/{thread_id}"

    _run(studio, thread, f"Say {word}", interrupt_before=["call_model"])
    held = _json(studio.get(f"{thread}/state"))
    _run(studio, thread, "", input=None)
    done = _json(studio.get(f"{thread}/state"))

    assert held["next"] == ["call_model"]
    assert done["next"] == []
    assert done["values"]["messages"][-1]["content"] == "After the break."


@pytest.mark.parametrize(("method", "path", "body"), OPENING_CALLS)
def test_it_is_refused_where_it_is_not_allowed(
    shut_out: httpx.Client, studio: httpx.Client, method: str, path: str, body: Any
) -> None:
    target = path.format(assistant=_assistants(studio)["agent"])

    allowed = studio.request(method, target, json=body)
    refused = shut_out.request(method, target, json=body)

    assert allowed.status_code == 200
    assert refused.status_code == 403
    assert "studio_not_allowed" in refused.json()["detail"]


def _preflight(http: httpx.Client, origin: str) -> httpx.Response:
    return http.options(
        "/threads/search",
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type,x-auth-scheme",
            "Access-Control-Request-Private-Network": "true",
        },
    )


def test_its_page_may_call_a_server_on_this_machine(studio: httpx.Client) -> None:
    answer = _preflight(studio, STUDIO)

    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == STUDIO
    assert answer.headers["access-control-allow-private-network"] == "true"
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert answer.headers["access-control-allow-headers"] == "content-type,x-auth-scheme"


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "https://smith.langchain.com.evil.example",
        "http://smith.langchain.com",
        "null",
    ],
)
def test_other_pages_may_not(studio: httpx.Client, origin: str) -> None:
    answer = _preflight(studio, origin)

    assert answer.status_code == 400
    assert "access-control-allow-origin" not in answer.headers
