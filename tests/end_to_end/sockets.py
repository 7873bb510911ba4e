"""Tries a thread's WebSocket with everything it understands, and puts what comes back into a word."""

import json
from typing import Any

import httpx
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.end_to_end.routes import NO_EVENT, OPEN, Ids, run

# What is allowed comes at once; the first silence of this length is the end of it.
SILENCE_SECONDS = 1.5
CHANNELS = ["values", "updates", "messages", "tools", "custom", "lifecycle", "input", "tasks"]


def ask_socket(http: httpx.Client, path: str, ids: Ids, headers: dict[str, str]) -> tuple[str, str]:
    """Open the socket, send every command; return the answer in a word, and all that was received.

    The word is the status of a refused handshake, NO_EVENT, or OPEN where an event came or a run was started.
    """
    url = str(http.base_url.join(path)).replace("http", "ws", 1)
    try:
        with connect(url, additional_headers=headers, open_timeout=30) as socket:
            received = _converse(socket, ids)
    except InvalidStatus as refused:
        return str(refused.response.status_code), (refused.response.body or b"").decode()
    text = "\n".join(received)
    return (OPEN if any(map(_lets_in, map(json.loads, received))) else NO_EVENT), text


def _converse(socket: ClientConnection, ids: Ids) -> list[str]:
    received = []
    try:
        for command in _commands(ids):
            socket.send(json.dumps(command))
        while True:
            received.append(str(socket.recv(timeout=SILENCE_SECONDS)))
    except (TimeoutError, ConnectionClosed):
        return received


def _commands(ids: Ids) -> list[dict[str, Any]]:
    return [
        {"id": 1, "method": "subscription.subscribe", "params": {"channels": CHANNELS}},
        {"id": 2, "method": "agent.getTree", "params": {"run_id": ids.run_id}},
        {"id": 3, "method": "subscription.reconnect", "params": {"run_id": ids.run_id, "since": 0}},
        {"id": 4, "method": "input.respond", "params": {"response": "yes", "run_id": ids.run_id}},
        {"id": 5, "method": "run.start", "params": run(ids)},
    ]


def _lets_in(message: dict[str, Any]) -> bool:
    """Whether a message is more than a refusal, or a subscription to nothing."""
    return message.get("type") != "error" and message.get("id") != 1
