"""A real Agent Server without its control plane, without its settings, and after a restart."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.graphs.agent_server import ROOT, AgentServer, ServerDidNotStart
from tests.graphs.agent_tokens import Signer
from tests.graphs.control_plane_double import ControlPlaneDouble
from tests.graphs.server.wire import code_of, say
from tests.ports import free_ports
from tests.scripted_model import ScriptedModel


@pytest.fixture
def cut_off_server(tmp_path: Path, server_environment: dict[str, str]) -> Iterator[AgentServer]:
    """A server whose control plane is down."""
    nowhere = f"http://127.0.0.1:{free_ports(1)[0]}"
    server = AgentServer.start(tmp_path, {**server_environment, "CONTROL_PLANE_URL": nowhere})
    yield server
    server.stop()


async def test_without_its_control_plane_it_is_unavailable(cut_off_server: AgentServer, signer: Signer):
    user = cut_off_server.request("POST", "/threads", token=signer.user_token(uuid4()), json={})
    service = cut_off_server.request(
        "POST",
        "/runs/wait",
        token=signer.service_token(),
        json={"assistant_id": "summarizer", "input": say("hello")},
    )

    assert [(answer.status_code, code_of(answer.json())) for answer in (user, service)] == [
        (503, "control_plane_unreachable")
    ] * 2


async def test_a_conversation_outlives_the_server_and_its_files(
    tmp_path: Path,
    server_environment: dict[str, str],
    signer: Signer,
    control_plane: ControlPlaneDouble,
    scripted_model: ScriptedModel,
):
    user_id = control_plane.add_user()
    token = signer.user_token(user_id)
    scripted_model.reply(f"remember {user_id}", "I will.")
    thread_id = str(uuid4())
    body = {"assistant_id": "agent", "input": say(f"remember {user_id}"), "if_not_exists": "create"}
    first = AgentServer.start(tmp_path / "first", server_environment)
    try:
        first.request("POST", f"/threads/{thread_id}/runs/wait", token=token, json=body).raise_for_status()
        before = first.request("GET", f"/threads/{thread_id}/state", token=token).json()
    finally:
        first.stop()

    second = AgentServer.start(tmp_path / "second", server_environment)
    try:
        lost = second.request("GET", f"/threads/{thread_id}", token=token)
        second.request(
            "POST",
            "/threads",
            token=token,
            json={"thread_id": thread_id, "if_exists": "do_nothing", "metadata": {"graph_id": "agent"}},
        ).raise_for_status()
        after = second.request("GET", f"/threads/{thread_id}/state", token=token).json()
    finally:
        second.stop()

    assert lost.status_code == 404
    assert [message["content"] for message in after["values"]["messages"]] == [
        f"remember {user_id}",
        "I will.",
    ]
    assert after["values"] == before["values"]


@pytest.mark.parametrize("name", ["PG_CHECKPOINT_URI", "CONTROL_PLANE_SECRET", "LG_WEBHOOK_SECRET"])
def test_a_missing_setting_stops_the_start_by_name(
    tmp_path: Path, server_environment: dict[str, str], name: str
):
    environment = {key: value for key, value in server_environment.items() if key != name}

    with pytest.raises(ServerDidNotStart, match=name):
        AgentServer.start(tmp_path, environment)


@pytest.fixture
def standalone_server(
    tmp_path: Path, make_database: Callable[[], str], scripted_model: ScriptedModel
) -> Iterator[AgentServer]:
    """A server by itself, as a developer starts it for Studio."""
    environment = {
        "PG_CHECKPOINT_URI": make_database(),
        "OPENAI_BASE_URL": scripted_model.url,
        "OPENAI_API_KEY": "sk-own",
        "LG_WEBHOOK_SECRET": "unused",
    }
    server = AgentServer.start(tmp_path, environment)
    yield server
    server.stop()


async def test_standalone_works_for_studio_and_this_machine_alone(
    standalone_server: AgentServer, scripted_model: ScriptedModel
):
    mark = uuid4().hex
    scripted_model.reply(mark, "Hello, developer.")
    studio = {"x-auth-scheme": "langsmith"}
    thread_id = standalone_server.request("POST", "/threads", headers=studio, json={}).json()["thread_id"]
    body: dict[str, Any] = {
        "assistant_id": "agent",
        "input": say(mark),
        "context": {"model": "mine", "system_prompt": "Be a pirate.", "enabled_tools": []},
    }

    answer = standalone_server.request("POST", f"/threads/{thread_id}/runs/wait", headers=studio, json=body)
    plain = standalone_server.request("POST", "/threads/search", json={})
    foreign = standalone_server.request("POST", "/threads/search", headers={"Host": "evil.example"}, json={})

    [request] = scripted_model.calls(mark)
    assert answer.json()["messages"][-1]["content"] == "Hello, developer."
    assert request["body"]["messages"][0]["content"] == "Be a pirate."
    assert [entry["thread_id"] for entry in plain.json()] == [thread_id]
    assert foreign.status_code == 401
    assert "blocking call" not in standalone_server.output().lower()


@pytest.fixture
def studio_server(tmp_path: Path, server_environment: dict[str, str]) -> Iterator[AgentServer]:
    """A server whose operator lets Studio in."""
    server = AgentServer.start(tmp_path, {**server_environment, "ALLOW_STUDIO_USER": "true"})
    yield server
    server.stop()


async def test_studio_let_in_owns_its_threads_and_is_admitted(
    studio_server: AgentServer,
    control_plane: ControlPlaneDouble,
    scripted_model: ScriptedModel,
    signer: Signer,
):
    mark = uuid4().hex
    scripted_model.reply(mark, "Hello, developer.")
    studio = {"x-auth-scheme": "langsmith"}
    user = signer.user_token(control_plane.add_user())
    private = studio_server.request("POST", "/threads", token=user, json={}).json()["thread_id"]
    thread = studio_server.request("POST", "/threads", headers=studio, json={}).json()
    body = {
        "assistant_id": "agent",
        "input": say(mark),
        "context": {"model": "dear", "system_prompt": "Be a pirate."},
    }

    answer = studio_server.request(
        "POST", f"/threads/{thread['thread_id']}/runs/wait", headers=studio, json=body
    )

    [admission] = control_plane.admissions_of(thread["thread_id"])
    [request] = scripted_model.calls(mark)
    found = studio_server.request("POST", "/threads/search", headers=studio, json={}).json()
    assert answer.json()["messages"][-1]["content"] == "Hello, developer."
    assert (admission["role"], admission["user_id"]) == ("studio", None)
    assert request["body"]["messages"][0]["content"] == "Be a pirate."
    assert thread["metadata"] == {"owner": "studio"}
    assert private not in [entry["thread_id"] for entry in found]
    assert studio_server.request("GET", f"/threads/{private}", headers=studio).status_code == 404


def test_the_configuration_names_what_exists():
    configuration = json.loads((ROOT / "langgraph.json").read_text())
    paths = [entry["path"] for entry in configuration["graphs"].values()]
    paths += [configuration[name]["path"] for name in ("auth", "checkpointer", "store")]

    for path in paths:
        file, _, name = path.partition(":")
        assert name in (ROOT / file).read_text()
