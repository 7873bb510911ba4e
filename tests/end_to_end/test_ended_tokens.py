"""How soon a token is worth nothing, on the running system: at once for REST and for runs, soon for reads."""

import json
import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.end_to_end.accounts import Account
from tests.end_to_end.api import eventually
from tests.end_to_end.hands import bearer
from tests.running_stack import RunningStack
from tests.scripted_model import ScriptedModel
from tests.shown_tables import show_table

ROOT = Path(__file__).resolve().parents[2]
# A user's state may be ten seconds old, and an answer takes its time.
READS_END_WITHIN = 11.0
# Sockets are asked for every five seconds, about a state that may be ten seconds old.
SOCKETS_END_WITHIN = 17.0
POLICY_VIOLATION = 1008
DEACTIVATE = (
    "UPDATE accounts_customuser SET is_active = false, token_version = token_version + 1 WHERE id = %s"
)


@pytest.fixture
def member(stack: RunningStack) -> Account:
    """A user of the test's own."""
    return Account.new(stack)


@pytest.fixture
def agents(stack: RunningStack, member: Account) -> Iterator[httpx.Client]:
    """The member's own client of the Agent Server."""
    token = member.api.expect(200, "POST", "auth/agent-token/")["token"]
    with httpx.Client(base_url=stack.agent_server_url, headers=bearer(token), timeout=30) as http:
        yield http


def new_thread(agents: httpx.Client) -> str:
    answer = agents.post("/threads", json={"metadata": {"graph_id": "agent"}}).raise_for_status()
    return str(answer.json()["thread_id"])


def turn(word: str) -> dict[str, object]:
    return {"assistant_id": "agent", "input": {"messages": [{"role": "user", "content": word}]}}


def runs_of(stack: RunningStack, account: str) -> int:
    with psycopg.connect(stack.environment["DATABASE_URL"]) as connection:
        row = connection.execute("SELECT count(*) FROM runs_run WHERE user_id = %s", (account,)).fetchone()
    assert row
    return int(row[0])


@pytest.mark.parametrize("way", ["signed out", "deactivated"])
def test_ended_token_starts_nothing_at_once_and_reads_nothing_soon(
    stack: RunningStack, member: Account, agents: httpx.Client, scripted_model: ScriptedModel, way: str
) -> None:
    word = f"ended-{uuid.uuid4()}"
    scripted_model.reply(word, "Too late.")
    thread = new_thread(agents)
    url = f"{stack.agent_server_url}/threads/{thread}/stream/events".replace("http", "ws", 1)
    authorization = {"Authorization": agents.headers["Authorization"]}
    with connect(url, additional_headers=authorization, open_timeout=30) as socket:
        # Asked just now: what the Agent Server knows of the user is as new as it can be.
        assert agents.get(f"/threads/{thread}").status_code == 200
        end(stack, member, way)
        ended = time.monotonic()

        refused = agents.post(f"/threads/{thread}/runs", json=turn(word))
        rest = member.api.http.get("me/")
        eventually(
            lambda: agents.get(f"/threads/{thread}").status_code,
            lambda status: status == 401,
            within=READS_END_WITHIN,
        )
        reads_ended = time.monotonic() - ended
        closed_by = close_code(socket)
        sockets_ended = time.monotonic() - ended

    assert refused.status_code == (401 if way == "signed out" else 403)
    code = json.loads(refused.json()["detail"])["code"]
    assert code == ("signed_out" if way == "signed out" else "user_inactive")
    assert rest.status_code == 401
    assert runs_of(stack, member.id) == 0
    assert scripted_model.calls(word) == []
    assert reads_ended < READS_END_WITHIN
    assert closed_by == POLICY_VIOLATION
    assert sockets_ended < SOCKETS_END_WITHIN
    show_table(f"{way}: reads ended after {reads_ended:.1f} s, the socket after {sockets_ended:.1f} s")


def close_code(socket: ClientConnection) -> int | None:
    """Listen until the server closes the socket; return its reason's number."""
    try:
        while True:
            socket.recv(timeout=SOCKETS_END_WITHIN)
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else None


def end(stack: RunningStack, member: Account, way: str) -> None:
    """End what the member has signed in with."""
    if way == "signed out":
        member.api.expect(204, "POST", "auth/sign-out-everywhere/")
        return
    with psycopg.connect(stack.environment["DATABASE_URL"]) as connection:
        connection.execute(DEACTIVATE, (member.id,))


def test_keys_rotate_under_a_running_system(
    stack: RunningStack, member: Account, agents: httpx.Client
) -> None:
    """Nothing is restarted: old tokens live on, new ones are good at once, withdrawn ones end soon."""
    files = [Path(stack.environment[name]) for name in ("JWT_SIGNING_KEY_FILE", "AGENT_JWKS_FILE")]
    kept = [path.with_suffix(".kept") for path in files]
    for path, copy in zip(files, kept, strict=True):
        shutil.copy2(path, copy)
    thread = new_thread(agents)
    former = json.loads(files[1].read_text())["keys"][0]["kid"]
    try:
        rotate(stack, "--rotate")
        renewed = member.api.expect(200, "POST", "auth/agent-token/")["token"]
        with httpx.Client(base_url=agents.base_url, headers=bearer(renewed), timeout=30) as newly:
            assert newly.get(f"/threads/{thread}").status_code == 200
            assert agents.get(f"/threads/{thread}").status_code == 200
            assert member.api.http.get("me/").status_code == 200

            rotate(stack, "--withdraw", former)

            assert member.api.http.get("me/").status_code == 401
            eventually(
                lambda: agents.get(f"/threads/{thread}").status_code,
                lambda status: status == 401,
                within=READS_END_WITHIN,
            )
            assert newly.get(f"/threads/{thread}").status_code == 200
    finally:
        # Other tests have signed in with the former key.
        published = json.loads(files[1].read_text())["keys"]
        before = json.loads(kept[1].read_text())["keys"]
        everything = [*before, *(key for key in published if key not in before)]
        kept[1].write_text(json.dumps({"keys": everything}))
        for path, copy in zip(reversed(files), reversed(kept), strict=True):
            copy.replace(path)


def rotate(stack: RunningStack, *options: str) -> None:
    """Run the command as an operator does, beside the running system."""
    environment = {
        **os.environ,
        **stack.environment,
        "DJANGO_SETTINGS_MODULE": "controlplane.config.settings",
    }
    command = [sys.executable, "-m", "controlplane.manage", "signing_keys", *options]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr[-3000:]
