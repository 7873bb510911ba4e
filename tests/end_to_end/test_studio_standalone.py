"""The graphs by themselves, started as the README says: for Studio and this machine, and for nobody else."""

import json
import os
import re
import shlex
import socket
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.end_to_end.studio import ORIGIN, StudioPage, said
from tests.graphs.agent_server import ROOT, AgentServer
from tests.scripted_model import ScriptedModel

README = (ROOT / "README.md").read_text()
EVIL = "https://evil.example"


@pytest.fixture(scope="module")
def server(scripted_model: ScriptedModel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AgentServer]:
    """A server that is told what the README tells it, and where the scripted model is."""
    values = {"PG_CHECKPOINT_URI": os.environ["PG_CHECKPOINT_URI"], "OPENAI_API_KEY": "sk-of-a-developer"}
    told = {name: values.get(name, value) for name, value in _settings_of_the_readme().items()}
    running = AgentServer.start(
        tmp_path_factory.mktemp("standalone"), {**told, "OPENAI_BASE_URL": scripted_model.url}
    )
    yield running
    running.stop()


@pytest.fixture
def studio(server: AgentServer) -> Iterator[StudioPage]:
    """Studio, opened on that server."""
    page = StudioPage(server.url)
    yield page
    page.close()


def _command_of_the_readme() -> list[str]:
    (block,) = (text for text in re.findall(r"```sh\n(.*?)```", README, re.DOTALL) if "langgraph dev" in text)
    return shlex.split(block.replace("\\\n", " "))


def _settings_of_the_readme() -> dict[str, str]:
    pairs = (word.partition("=") for word in _command_of_the_readme() if re.match(r"[A-Z_]+=", word))
    return {name: value for name, _, value in pairs}


def test_the_readme_starts_it_on_loopback_and_names_all_it_needs(server: AgentServer) -> None:
    command = _command_of_the_readme()[len(_settings_of_the_readme()) :]

    assert command == [".venv/bin/langgraph", "dev", "--host", "127.0.0.1", "--port", "8123"]
    assert set(_settings_of_the_readme()) == {"PG_CHECKPOINT_URI", "OPENAI_API_KEY", "LG_WEBHOOK_SECRET"}
    assert "127.0.0.1" in server.url
    assert server.request("POST", "/assistants/search", json={}).status_code == 200


def test_it_listens_at_no_other_address(server: AgentServer) -> None:
    port = int(server.url.rpartition(":")[2])

    socket.create_connection(("127.0.0.1", port), timeout=5).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", port), timeout=5)


def test_programs_on_this_machine_need_no_account(server: AgentServer, scripted_model: ScriptedModel) -> None:
    word = f"program-{uuid.uuid4()}"
    scripted_model.reply(word, "Hello, program.")
    thread_id = server.request("POST", "/threads", json={}).json()["thread_id"]

    answer = server.request("POST", f"/threads/{thread_id}/runs/wait", json=_turn(word))

    assert answer.json()["messages"][-1]["content"] == "Hello, program."


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Origin": EVIL}, id="another page"),
        pytest.param({"Origin": "null"}, id="a page without a name"),
        pytest.param({"Origin": EVIL, "x-auth-scheme": "langsmith"}, id="another page as Studio"),
        pytest.param({"Host": "evil.example"}, id="another name"),
        pytest.param({"Host": "evil.example", "x-auth-scheme": "langsmith"}, id="another name as Studio"),
        pytest.param({"Host": "evil.example", "Authorization": "Bearer x"}, id="another name with a token"),
    ],
)
def test_a_page_from_elsewhere_reads_and_runs_nothing(
    server: AgentServer, studio: StudioPage, scripted_model: ScriptedModel, headers: dict[str, str]
) -> None:
    """A form sends plain text, for which the browser asks no preflight."""
    word, own = f"forged-{uuid.uuid4()}", f"owned-{uuid.uuid4()}"
    scripted_model.reply(word, "Forged.")
    scripted_model.reply(own, "Mine.")
    thread = studio.new_thread("agent")
    thread.run(f"Say {own}")
    before, headers = thread.state(), {**headers, "Content-Type": "text/plain"}
    path = f"/threads/{thread.id}"

    answers = [
        server.request("POST", f"{path}/runs/wait", headers=headers, content=json.dumps(_turn(word))),
        server.request("POST", "/runs/wait", headers=headers, content=json.dumps(_turn(word))),
        server.request("POST", f"{path}/commands", headers=headers, content=_command(word)),
        server.request("GET", f"{path}/state", headers=headers),
        server.request("POST", "/threads/search", headers=headers, content="{}"),
    ]

    assert [answer.status_code for answer in answers] == [401] * 5
    assert all(own not in answer.text and "Mine." not in answer.text for answer in answers)
    assert scripted_model.calls(word) == []
    assert thread.state() == before


@pytest.mark.parametrize("headers", [{"Origin": EVIL}, {"Host": "evil.example"}], ids=["page", "name"])
def test_a_websocket_from_elsewhere_is_refused(
    server: AgentServer, studio: StudioPage, headers: dict[str, str]
) -> None:
    url = _socket_of(server, studio.new_thread("agent").id)

    with pytest.raises(InvalidStatus) as refused, connect(url, additional_headers=headers):
        pass

    assert refused.value.response.status_code == 403


def test_studios_own_websocket_runs_a_turn(
    server: AgentServer, studio: StudioPage, scripted_model: ScriptedModel
) -> None:
    word = f"socket-{uuid.uuid4()}"
    scripted_model.reply(word, "Through the socket.")
    thread = studio.new_thread("agent")

    with connect(_socket_of(server, thread.id), additional_headers={"Origin": ORIGIN}) as opened:
        opened.send(
            json.dumps({"id": 1, "method": "subscription.subscribe", "params": {"channels": ["values"]}})
        )
        opened.send(_command(word))
        while "Through the socket." not in opened.recv(timeout=30):
            pass

    # This protocol keeps messages as blocks.
    assert said(thread.state())[-1] == [{"type": "text", "text": "Through the socket.", "index": 0}]


def _turn(word: str) -> dict[str, Any]:
    return {"assistant_id": "agent", "input": {"messages": [{"role": "user", "content": f"Say {word}"}]}}


def _command(word: str) -> str:
    return json.dumps({"id": 2, "method": "run.start", "params": _turn(word)})


def _socket_of(server: AgentServer, thread_id: str) -> str:
    return f"{server.url.replace('http', 'ws', 1)}/threads/{thread_id}/stream/events"
