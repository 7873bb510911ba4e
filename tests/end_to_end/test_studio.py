"""What a developer does in LangGraph Studio, with the control plane and standalone, on both graphs."""

import os
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.end_to_end.studio import GRAPHS, HEADERS, ORIGIN, StudioPage, said
from tests.graphs.agent_server import AgentServer
from tests.running_stack import RunningStack
from tests.scripted_model import ScriptedModel

WITH_ACCOUNTS, STANDALONE = "with the control plane", "standalone"
# Where each graph may be held, what it writes to its state there, and what that is called.
LAST_NODE = {"agent": "call_model", "summarizer": "write_summary"}


@pytest.fixture(scope="module", params=[WITH_ACCOUNTS, STANDALONE])
def kind(request: pytest.FixtureRequest) -> str:
    """Which of the two servers Studio is opened on."""
    return str(request.param)


@pytest.fixture(scope="module")
def server(
    kind: str, stack: RunningStack, scripted_model: ScriptedModel, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[AgentServer]:
    """A server that lets Studio in: one beside the stack's own, or one with nothing behind it."""
    environment = {**stack.environment, "ALLOW_STUDIO_USER": "true"}
    if kind == STANDALONE:
        environment = {
            "PG_CHECKPOINT_URI": os.environ["PG_CHECKPOINT_URI"],
            "OPENAI_BASE_URL": scripted_model.url,
            "OPENAI_API_KEY": "sk-of-a-developer",
            "LG_WEBHOOK_SECRET": "unused",
        }
    running = AgentServer.start(tmp_path_factory.mktemp("studio"), environment)
    yield running
    running.stop()
    assert "blocking call" not in running.output().lower()


@pytest.fixture
def studio(server: AgentServer) -> Iterator[StudioPage]:
    """Studio, opened on that server."""
    page = StudioPage(server.url)
    yield page
    page.close()


@pytest.fixture
def word() -> str:
    """A word that only one test says."""
    return f"studio-{uuid.uuid4()}"


def _answer(graph: str, words: str) -> str:
    return words if graph == "agent" else f'{{"summary": "{words}"}}'


def _result(graph: str, state: dict[str, Any]) -> str:
    return str(said(state)[-1] if graph == "agent" else state["values"]["summary"])


def test_it_learns_about_the_server_and_its_graphs(studio: StudioPage) -> None:
    info = studio.read("GET", "/info")

    assert info["flags"]["assistants"] is True
    assert set(studio.assistants()) == set(GRAPHS)


@pytest.mark.parametrize("graph", GRAPHS)
def test_it_draws_a_graph_and_its_forms(studio: StudioPage, graph: str) -> None:
    assistant = f"/assistants/{studio.assistants()[graph]}"

    drawn = studio.read("GET", f"{assistant}/graph", params={"xray": "true"})
    schemas = studio.read("GET", f"{assistant}/schemas")
    subgraphs = studio.read("GET", f"{assistant}/subgraphs", params={"recurse": "true"})

    nodes = {node["id"] for node in drawn["nodes"]}
    assert nodes == {"__start__", "__end__"} | GRAPHS[graph]
    assert all({edge["source"], edge["target"]} <= nodes for edge in drawn["edges"])
    assert "messages" in schemas["input_schema"]["properties"]
    assert {"model", "temperature", "max_tokens"} <= set(schemas["context_schema"]["properties"])
    assert subgraphs == {}


@pytest.mark.parametrize("graph", GRAPHS)
def test_a_run_works_with_what_the_form_says(
    studio: StudioPage, scripted_model: ScriptedModel, word: str, graph: str
) -> None:
    scripted_model.reply(word, _answer(graph, "Hello, developer."))
    form = {"model": "gpt-4o-mini", "temperature": 0.25, "max_tokens": 77}
    prompt = {"system_prompt": f"Be a pirate called {word[-8:]}."} if graph == "agent" else {}

    thread = studio.new_thread(graph)
    streamed = thread.run(f"Say {word}", context={**form, **prompt})

    (call,) = scripted_model.calls(word)
    assert _result(graph, thread.state()) == "Hello, developer."
    assert "event: debug" in streamed
    assert [call["body"][name] for name in ("model", "temperature", "max_completion_tokens")] == [
        "gpt-4o-mini",
        0.25,
        77,
    ]
    if prompt:
        first = call["body"]["messages"][0]
        assert (first["role"], first["content"]) == ("system", prompt["system_prompt"])
        assert "event: messages" in streamed


@pytest.mark.parametrize("graph", GRAPHS)
def test_a_run_stops_before_a_node_and_goes_on(
    studio: StudioPage, scripted_model: ScriptedModel, word: str, graph: str
) -> None:
    scripted_model.reply(word, _answer(graph, "After the break."))
    thread, node = studio.new_thread(graph), LAST_NODE[graph]

    thread.run(f"Say {word}", interrupt_before=[node])
    held, asked_by_then = thread.state(), len(scripted_model.calls(word))
    found = studio.read("POST", "/threads/search", json={"ids": [thread.id], "status": "interrupted"})
    thread.run(None)

    done = thread.state()
    assert (held["next"], asked_by_then) == ([node], 0)
    assert [entry["thread_id"] for entry in found] == [thread.id]
    assert done["next"] == []
    assert _result(graph, done) == "After the break."
    assert len(scripted_model.calls(word)) == 1


def test_break_points_hold_it_after_each_node(
    studio: StudioPage, scripted_model: ScriptedModel, word: str
) -> None:
    scripted_model.call_tool(word, "calculator", {"expression": "6 * 7"}, then="It is 42.")
    thread, points = studio.new_thread("agent"), ["keep_within_budget", "call_model", "run_tools"]

    held = []
    thread.run(f"Count {word}", interrupt_after=points, context={"enabled_tools": ["calculator"]})
    while len(held) < 5 and (following := thread.state()["next"]):
        held.append(following)
        thread.run(None, interrupt_after=points, context={"enabled_tools": ["calculator"]})

    assert held == [["call_model"], ["run_tools"], ["call_model"]]
    assert said(thread.state())[-2:] == ["42", "It is 42."]


@pytest.mark.parametrize("graph", GRAPHS)
def test_it_stops_everywhere_when_told_so(
    studio: StudioPage, scripted_model: ScriptedModel, word: str, graph: str
) -> None:
    scripted_model.reply(word, _answer(graph, "At last."))
    thread, held = studio.new_thread(graph), []

    thread.run(f"Say {word}", interrupt_before="*")
    while len(held) < 5 and (following := thread.state()["next"]):
        held += following
        thread.run(None, interrupt_before="*")

    assert held == {"agent": ["keep_within_budget", "call_model"], "summarizer": ["write_summary"]}[graph]
    assert _result(graph, thread.state()) == "At last."


@pytest.mark.parametrize("graph", GRAPHS)
def test_a_developer_runs_again_from_an_earlier_state(
    studio: StudioPage, scripted_model: ScriptedModel, word: str, graph: str
) -> None:
    scripted_model.reply(word, _answer(graph, "Hello."))
    thread, node = studio.new_thread(graph), LAST_NODE[graph]
    thread.run(f"Say {word}")
    first, earlier = thread.state(), thread.before(node)

    thread.run(None, checkpoint=earlier["checkpoint"])

    again = thread.state()
    assert len(scripted_model.calls(word)) == 2
    assert _result(graph, again) == _result(graph, first) == "Hello."
    assert again["checkpoint"]["checkpoint_id"] != first["checkpoint"]["checkpoint_id"]
    assert _children(thread.history(), earlier) == 2


@pytest.mark.parametrize("graph", GRAPHS)
def test_a_developer_edits_a_state_and_runs_on_from_there(
    studio: StudioPage, scripted_model: ScriptedModel, word: str, graph: str
) -> None:
    """A fork: another question in place of the one that was asked, both branches in the history."""
    other = f"forked-{uuid.uuid4()}"
    scripted_model.reply(word, _answer(graph, "Hello."))
    scripted_model.reply(other, _answer(graph, "Hello from the fork."))
    thread, node = studio.new_thread(graph), LAST_NODE[graph]
    thread.run(f"Say {word}")
    first, earlier = thread.state(), thread.before(node)
    question = {**earlier["values"]["messages"][0], "content": f"Say {other}"}

    as_node = {"agent": "keep_within_budget", "summarizer": "__start__"}[graph]
    fork = thread.edit({"messages": [question]}, at=earlier, as_node=as_node)
    forked = thread.state()
    thread.run(None, checkpoint=fork)

    last, history = thread.state(), thread.history()
    assert (said(forked), forked["next"]) == ([f"Say {other}"], [node])
    assert _result(graph, last) == "Hello from the fork."
    assert said(last)[0] == f"Say {other}"
    assert first["checkpoint"] in [entry["checkpoint"] for entry in history]
    assert _children(history, earlier) == 2
    assert len(scripted_model.calls(word)) == len(scripted_model.calls(other)) == 1


def _children(history: list[dict[str, Any]], parent: dict[str, Any]) -> int:
    """How many branches begin at a checkpoint."""
    parent_id = parent["checkpoint"]["checkpoint_id"]
    parents = [(entry["parent_checkpoint"] or {}).get("checkpoint_id") for entry in history]
    return parents.count(parent_id)


@pytest.mark.parametrize("graph", GRAPHS)
def test_it_shows_threads_and_their_history(
    studio: StudioPage, scripted_model: ScriptedModel, word: str, graph: str, kind: str
) -> None:
    scripted_model.reply(word, _answer(graph, "Noted."))
    thread = studio.new_thread(graph)
    thread.run(f"Say {word}")

    (found,) = studio.read("POST", "/threads/search", json={"ids": [thread.id]})
    history, state = thread.history(), thread.state()
    middle = studio.read("GET", f"/threads/{thread.id}/state/{history[1]['checkpoint']['checkpoint_id']}")
    runs = studio.read("GET", f"/threads/{thread.id}/runs")

    assert (found["status"], found["metadata"]["graph_id"]) == ("idle", graph)
    assert found["metadata"].get("owner") == {WITH_ACCOUNTS: "studio", STANDALONE: None}[kind]
    assert history[0]["checkpoint"] == state["checkpoint"]
    assert history[0]["values"] == state["values"]
    steps = ["keep_within_budget", "call_model"] if graph == "agent" else ["write_summary"]
    assert [entry["next"] for entry in reversed(history)] == [
        ["__start__"],
        *([step] for step in steps),
        [],
    ]
    assert middle["next"] == [LAST_NODE[graph]]
    assert [run["status"] for run in runs] == ["success"]


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "https://smith.langchain.com.evil.example",
        "http://smith.langchain.com",
        "null",
    ],
)
def test_other_pages_may_not_call(studio: StudioPage, origin: str) -> None:
    answer = _preflight(studio.http, origin)

    assert answer.status_code == 400
    assert "access-control-allow-origin" not in answer.headers


def test_its_page_may_call_a_server_on_this_machine(studio: StudioPage) -> None:
    answer = _preflight(studio.http, ORIGIN)

    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert answer.headers["access-control-allow-private-network"] == "true"
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert answer.headers["access-control-allow-headers"] == "content-type,x-auth-scheme"


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


def test_a_page_by_another_name_is_not_studio(studio: StudioPage, kind: str) -> None:
    """A page that rebinds its own name to this machine sends Studio's header without a preflight."""
    answer = studio.http.post("/threads/search", json={}, headers={"Host": "evil.example", **HEADERS})

    assert answer.status_code == {WITH_ACCOUNTS: 403, STANDALONE: 401}[kind]
    assert studio.http.post("/threads/search", json={}).status_code == 200
