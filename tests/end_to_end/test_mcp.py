"""Tools of MCP servers over the whole stack: found, chosen, called; and servers that hang or are killed."""

import os
import signal
import threading
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from tests.conftest import MCP_MARK
from tests.end_to_end.api import eventually
from tests.end_to_end.mcp_servers import CALL_SECONDS, Registered, register
from tests.mcp.everything import LONG_RUNNING, EverythingServer, processes
from tests.running_stack import RunningStack
from tests.scripted_model import ScriptedModel

pytestmark = pytest.mark.timeout(180)

LONG = {"duration": 90, "steps": 90}


@dataclass(frozen=True)
class Scene:
    """Servers over HTTP by name, and the registered ones with their user."""

    servers: dict[str, EverythingServer]
    registered: Registered


@pytest.fixture(scope="module")
def scene(stack: RunningStack) -> Iterator[Scene]:
    """One server to talk with, one to kill and one to freeze, and the same program over stdio."""
    with ExitStack() as started:
        servers = {name: EverythingServer.start() for name in ("web", "doomed", "frozen")}
        for server in servers.values():
            started.callback(server.kill)
        rows: dict[str, dict[str, Any]] = {
            name: {"url": server.url, "call_timeout_seconds": CALL_SECONDS if name == "frozen" else 60}
            for name, server in servers.items()
        }
        rows["local"] = {"transport": "stdio", "call_timeout_seconds": 60}
        registered = register(stack, rows)
        registered.take("web__get-sum", "local__echo", "frozen__echo", "calculator")
        registered.take(f"doomed__{LONG_RUNNING}", f"local__{LONG_RUNNING}")
        yield Scene(servers=servers, registered=registered)
    for log in (stack.log.parent / "logs").iterdir():
        said = log.read_text(errors="replace")
        assert "Bearer of-" not in said, log
        assert "Blocking call" not in said, log


def script_calls(model: ScriptedModel, words: str, calls: dict[str, dict[str, Any]], then: str) -> None:
    made = [{"id": f"call_{name}", "name": name, "arguments": given} for name, given in calls.items()]
    model.script(
        {"match": {"userMessage": words, "hasToolResult": False}, "response": {"toolCalls": made}},
        {"match": {"userMessage": words, "hasToolResult": True}, "response": {"content": then}},
    )


def results(scene: Scene, session: str) -> dict[str, str]:
    history = scene.registered.api.history(session)
    return {message["name"]: message["content"] for message in history if message["role"] == "tool"}


def test_tools_of_both_transports_are_found_and_are_for_nobody_yet(scene: Scene) -> None:
    found = scene.registered.found

    assert {slug: one["error"] for slug, one in found.items()} == dict.fromkeys(found, "")
    assert len({one["found"] for one in found.values()}) == 1
    assert found["web"]["found"] >= 10
    refusal = scene.registered.api.refused(422, "POST", "user-tools/", json={"tool_name": "web__echo"})
    assert "tool_name" in refusal["fields"]


def test_tools_of_both_transports_answer_in_one_turn_and_are_counted(
    scene: Scene, scripted_model: ScriptedModel
) -> None:
    words = f"both-{uuid.uuid4()}"
    calls = {"web__get-sum": {"a": 2, "b": 40}, "local__echo": {"message": "tea"}}
    script_calls(scripted_model, words, calls, "Done.")
    api, session = scene.registered.api, scene.registered.api.new_session()
    before = {name: scene.registered.used(name) for name in calls}

    assert api.say(session, f"Do {words}")["message"]["content"] == "Done."

    assert results(scene, session) == {
        "web__get-sum": "The sum of 2 and 40 is 42.",
        "local__echo": "Echo: tea",
    }
    assert scene.registered.outcomes(session) == dict.fromkeys(calls, "finished")
    assert {name: scene.registered.used(name) for name in calls} == {
        name: count + 1 for name, count in before.items()
    }
    assert processes(MCP_MARK) == []
    offered = scripted_model.calls(words)[0]["body"]["tools"]
    told = next(tool["function"] for tool in offered if tool["function"]["name"] == "web__get-sum")
    assert sorted(told["parameters"]["properties"]) == ["a", "b"]


@pytest.mark.parametrize("slug", ["doomed", "local"], ids=["http", "stdio"])
def test_server_killed_in_mid_call_costs_its_own_result_alone(
    scene: Scene, scripted_model: ScriptedModel, slug: str
) -> None:
    words, name = f"killed-{uuid.uuid4()}", f"{slug}__{LONG_RUNNING}"
    calls = {name: LONG, "calculator": {"expression": "6 * 7"}}
    script_calls(scripted_model, words, calls, "It went away.")
    api, session = scene.registered.api, scene.registered.api.new_session()
    said: list[str] = []
    turn = threading.Thread(target=lambda: said.append(api.say(session, words)["message"]["content"]))
    turn.start()

    eventually(
        lambda: scene.registered.outcomes(session),
        lambda ends: ends == {name: "pending", "calculator": "finished"},
        within=30,
    )
    if slug == "local":
        for pid in eventually(lambda: processes(MCP_MARK), bool, within=20):
            os.kill(pid, signal.SIGKILL)
    else:
        scene.servers[slug].kill()
    turn.join(timeout=30)

    assert said == ["It went away."]
    told = results(scene, session)
    assert told["calculator"] == "42"
    assert told[name].startswith("The tool's server ")
    assert scene.registered.outcomes(session) == {name: "failed", "calculator": "finished"}
    assert processes(MCP_MARK) == []


def test_server_that_hangs_costs_its_own_tools_alone(scene: Scene, scripted_model: ScriptedModel) -> None:
    words = f"hangs-{uuid.uuid4()}"
    calls = {"frozen__echo": {"message": "tea"}, "web__get-sum": {"a": 1, "b": 1}}
    script_calls(scripted_model, words, calls, "One of two.")
    api, session = scene.registered.api, scene.registered.api.new_session()
    scene.servers["frozen"].freeze()

    assert api.say(session, words)["message"]["content"] == "One of two."

    assert results(scene, session) == {
        "frozen__echo": f"The tool did not answer within {CALL_SECONDS} seconds.",
        "web__get-sum": "The sum of 1 and 1 is 2.",
    }
    assert scene.registered.outcomes(session) == {"frozen__echo": "failed", "web__get-sum": "finished"}
