"""Puts a secret into each place, as a fault of the product would, so that the search is seen to find it."""

import base64
import pickle
import subprocess
import sys
from collections.abc import Callable

import httpx
import psycopg
import redis

from tests.end_to_end.canaries.people import ok
from tests.end_to_end.canaries.places import Places

Plant = Callable[[Places, str], None]


def _in_a_table(places: Places, text: str) -> None:
    session = places.traces.ids["session_id"]
    places.system.query("UPDATE chat_chatsession SET title = %s WHERE id = %s", (text, session))


def _in_checkpoints(places: Places, text: str) -> None:
    with psycopg.connect(places.system.stack.environment["PG_CHECKPOINT_URI"]) as connection:
        connection.execute("CREATE TABLE planted (blob bytea)")
        connection.execute("INSERT INTO planted VALUES (%s)", (base64.b64encode(f"key: {text}".encode()),))


def _in_valkey(places: Places, text: str) -> None:
    body = base64.b64encode(f'{{"api_key": "{text}"}}'.encode())
    with redis.Redis.from_url(places.system.stack.environment["REDIS_URL"], db=3) as client:
        client.lpush("planted", body)


def _in_file(name: str) -> Plant:
    def plant(places: Places, text: str) -> None:
        path = places.system.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pickle.dumps({"kwargs": {"api_key": text[: len(text) // 2]}}))

    return plant


def _on_a_command_line(places: Places, text: str) -> None:
    command = [sys.executable, "-c", "print(flush=True); input()", text]
    waiting = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert waiting.stdout
    waiting.stdout.readline()  # Popen returns before the kernel has set the new command line
    places.pids["planted"] = waiting.pid
    places.processes.append(waiting)


def _on_the_way(path: str) -> Plant:
    def plant(places: Places, text: str) -> None:
        ok(httpx.post(f"{places.system.proxy.url}{path}", json={"error": text}, trust_env=False), 403)

    return plant


def _in_an_answer(places: Places, text: str) -> None:
    ok(places.people.member.post("/api/v1/sessions/", json={"title": text}))
    places.story.append(places.system.hearing.answers[-1])


def _in_an_error(places: Places, text: str) -> None:
    body = {"message": "Hello", "model": text}
    ok(places.people.member.post(f"/api/v1/sessions/{places.traces.threads[0]}/messages/", json=body), 422)
    places.story.append(places.system.hearing.answers[-1])


def _in_a_session(places: Places, text: str) -> None:
    ok(places.people.member.post("/api/v1/sessions/", json={"title": text}))


def _in_the_store(places: Places, text: str) -> None:
    item = {
        "namespace": ["users", places.people.member_id],
        "key": "planted",
        "value": {"text": text.encode().hex()},
    }
    places.people.agent.put("/store/items", json=item).raise_for_status()


def _in_the_back_office(places: Places, text: str) -> None:
    change = "UPDATE tools_availabletool SET display_name = %s WHERE tool_name = 'current_time'"
    places.system.query(change, (text,))


PLANTS: dict[str, tuple[str, Plant]] = {
    "databases: a text": ("databases", _in_a_table),
    "databases: bytes, encoded": ("databases", _in_checkpoints),
    "Valkey: an encoded job": ("Valkey", _in_valkey),
    "logs": ("logs", _in_file("logs/planted.log")),
    "Agent Server's files: half of it": (
        "Agent Server's files",
        _in_file("agent-server/.langgraph_api/planted"),
    ),
    "Valkey's files": ("Valkey's files", _in_file("valkey/planted.aof")),
    "other files": ("other files", _in_file("celery-beat/planted")),
    "command lines": ("command lines", _on_a_command_line),
    "webhooks": ("webhooks", _on_the_way("/internal/webhooks/runs/")),
    "internal requests": ("internal requests", _on_the_way("/internal/runs/admit/")),
    "API answers": ("API answers", _in_an_answer),
    "error answers": ("error answers", _in_an_error),
    "REST, walked": ("REST, walked", _in_a_session),
    "Agent Server, walked: in hex": ("Agent Server, walked", _in_the_store),
    "admin pages": ("admin pages", _in_the_back_office),
}
