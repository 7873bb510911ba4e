"""Both planes are compared for real: each kind of drift is planted by hand, found, and put right or reported.

And an export is made by a real worker from real conversations.
"""

import hashlib
import io
import json
import subprocess
import sys
import uuid
import zipfile
from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest

from tests.end_to_end.accounts import Account
from tests.end_to_end.api import eventually
from tests.end_to_end.hands import TokenMaker, new_account
from tests.running_stack import ROOT, RunningStack
from tests.scripted_model import ScriptedModel


@pytest.fixture
def service(stack: RunningStack) -> Iterator[httpx.Client]:
    """The Agent Server as the control plane itself sees it."""
    headers = TokenMaker(stack).service()
    with httpx.Client(base_url=stack.agent_server_url, headers=headers, timeout=30) as http:
        yield http


def manage(stack: RunningStack, *arguments: str) -> str:
    """Run a command of the control plane and return what it prints."""
    command = [sys.executable, "-m", "controlplane.manage", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=stack.environment, capture_output=True, text=True, check=False, timeout=100
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def findings(stack: RunningStack, *thread_ids: str) -> dict[str, set[tuple[str, str]]]:
    """Read what was found of some threads: each kind and how it ended."""
    found: dict[str, set[tuple[str, str]]] = {thread_id: set() for thread_id in thread_ids}
    query = "SELECT thread_id::text, kind, resolution FROM upkeep_driftfinding WHERE thread_id = ANY(%s)"
    with psycopg.connect(stack.environment["DATABASE_URL"]) as connection:
        for thread_id, kind, resolution in connection.execute(query, ([*map(uuid.UUID, thread_ids)],)):
            found[thread_id].add((kind, resolution))
    return found


def plant(service: httpx.Client, owner: str) -> str:
    """Make a thread behind the control plane's back."""
    body = {"metadata": {"owner": owner, "graph_id": "agent"}}
    return str(service.post("/threads", json=body).raise_for_status().json()["thread_id"])


def execute(stack: RunningStack, query: str, *values: object) -> None:
    """Change the control plane's rows behind its back."""
    with psycopg.connect(stack.environment["DATABASE_URL"]) as connection:
        connection.execute(query, values)


def live_run(account: Account, session: str, model: ScriptedModel) -> str:
    """Start a run whose model stays silent, and wait until it may ask the model."""
    word = f"silent-{uuid.uuid4()}"
    model.reply(word, "Too late.", streamingProfile={"ttft": 90_000, "tps": 20})
    stream = account.api.stream(session, word, on_disconnect="continue")
    first = next(stream)
    stream.close()
    run = str(first.data["run_id"])
    # Only a run with a permit stays live when its mirror says that it is over.
    eventually(lambda: account.api.usage(run=run), bool, within=60)
    return run


@pytest.mark.timeout(240)
def test_every_kind_of_drift_is_found_and_put_right_or_reported(
    stack: RunningStack, scripted_model: ScriptedModel, service: httpx.Client
) -> None:
    account, word = Account.new(stack), f"drift-{uuid.uuid4()}"
    scripted_model.reply(word, "Fine.")
    healthy, lost, foreign, busy = (account.api.new_session(name) for name in ("ok", "lost", "his", "busy"))
    account.api.say(healthy, word)
    client_made, nobodys = plant(service, account.id), plant(service, str(uuid.uuid4()))
    service.delete(f"/threads/{lost}").raise_for_status()
    execute(stack, "UPDATE chat_chatsession SET user_id = %s WHERE id = %s", new_account(stack), foreign)
    threads = (healthy, lost, foreign, busy, client_made, nobodys)
    listed = manage(stack, "find_orphans", "--json", "--older-than", "0")
    # Last of all: its model is given up as silent after a minute.
    run = live_run(account, busy, scripted_model)
    ended = "UPDATE runs_run SET ended_at = now(), settled_at = now(), status = 'success' WHERE id = %s"
    execute(stack, ended, run)
    try:
        manage(stack, "check_drift", "--older-than", "0")
    finally:
        service.post(f"/threads/{busy}/runs/{run}/cancel", params={"wait": "1"})

    orphans = {entry["id"]: entry["kind"] for entry in map(json.loads, listed.splitlines())}
    assert {thread: orphans.get(thread) for thread in threads} == {
        healthy: None,
        lost: "session_without_thread",
        foreign: None,
        busy: None,
        client_made: "thread_without_session",
        nobodys: "thread_without_session",
    }
    assert findings(stack, *threads) == {
        healthy: set(),
        lost: {("thread_missing", "repaired")},
        foreign: {("owner_differs", "")},
        busy: {("status_stale", "")},
        client_made: {("thread_unknown", "adopted")},
        nobodys: {("thread_unknown", "")},
    }
    assert service.get(f"/threads/{lost}").json()["metadata"]["owner"] == account.id
    assert account.api.expect(200, "GET", f"sessions/{client_made}/")["id"] == client_made
    assert [message["content"] for message in account.api.history(healthy)] == [word, "Fine."]

    execute(stack, "UPDATE chat_chatsession SET user_id = %s WHERE id = %s", account.id, foreign)
    service.delete(f"/threads/{nobodys}").raise_for_status()
    eventually(
        lambda: service.get(f"/threads/{busy}").json()["status"], lambda status: status != "busy", within=60
    )
    manage(stack, "check_drift", "--older-than", "0")
    assert findings(stack, foreign, busy, nobodys) == {
        foreign: {("owner_differs", "gone")},
        busy: {("status_stale", "gone")},
        nobodys: {("thread_unknown", "gone")},
    }


@pytest.mark.timeout(240)
def test_export_holds_what_was_said_and_nothing_of_others(
    stack: RunningStack, scripted_model: ScriptedModel
) -> None:
    owner, other = Account.new(stack), Account.new(stack)
    words = {account.id: f"canary-{uuid.uuid4()}" for account in (owner, other)}
    for account in (owner, other):
        scripted_model.reply(words[account.id], f"Answer to {words[account.id]}")
        account.api.say(account.api.new_session("Tea"), words[account.id])
    owner.api.expect(201, "POST", "documents/", files={"file": ("tea.txt", b"Tea is good.")})

    export = owner.api.expect(201, "POST", "exports/")["id"]
    ready = eventually(
        lambda: owner.api.expect(200, "GET", f"exports/{export}/"),
        lambda seen: seen["status"] not in {"pending", "running"},
        within=120,
    )

    assert (ready["status"], ready["pieces_done"]) == ("ready", ready["pieces_total"])
    content = owner.api.http.get(f"exports/{export}/file/").raise_for_status().content
    assert len(content) == ready["size_bytes"]
    files = unpack(content)
    manifest = json.loads(files.pop("manifest.json"))
    assert {entry["name"]: entry["sha256"] for entry in manifest["files"]} == {
        name: hashlib.sha256(file).hexdigest() for name, file in files.items()
    }
    everything = b"\n".join(files.values()).decode()
    assert f"Answer to {words[owner.id]}" in everything
    assert "Tea is good." in everything
    assert words[other.id] not in everything
    assert other.id not in everything
    other.api.refused(404, "GET", f"exports/{export}/file/")


def unpack(content: bytes) -> dict[str, Any]:
    """Read all files of a zip."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
