"""The ways in which an app talks to the system, each behind the same few words."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from langgraph_sdk import get_sync_client
from langgraph_sdk.errors import APIStatusError
from langgraph_sdk.schema import StreamPart

from tests.end_to_end.api import Api

Message = tuple[str, str]


@dataclass(frozen=True)
class Piece:
    """A part of a streamed answer: `run` with its id, `token` with text, `error` with what is said of it."""

    kind: str
    data: Any


class Refused(Exception):
    """A request that was answered with an error status."""

    def __init__(self, status: int | None, text: str) -> None:
        super().__init__(f"{status}: {text}")
        self.status = status
        self.text = text


class Client(Protocol):
    """What an app does with a conversation."""

    def create_thread(self) -> str:
        """Make a thread and return its id."""

    def stream(self, thread: str, text: str) -> Iterator[Piece]:
        """Say something and yield the answer piece by piece."""

    def ask(self, thread: str, text: str) -> str:
        """Say something and return the last message of the answer."""

    def cancel(self, thread: str, run: str) -> None:
        """Stop a run."""

    def messages(self, thread: str) -> list[Message]:
        """Return the conversation."""

    def threads(self) -> list[str]:
        """Return the ids of the user's threads."""

    def close(self) -> None:
        """Let go of connections."""


class DirectClient(Client, Protocol):
    """One that talks with the Agent Server and sees its checkpoints."""

    def checkpoints(self, thread: str) -> int:
        """Count the states that the thread went through."""


class RestClient:
    """REST, where a thread is a session."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def create_thread(self) -> str:
        """Make a session."""
        return self._api.new_session()

    def stream(self, thread: str, text: str) -> Iterator[Piece]:
        """Say something and yield the answer piece by piece."""
        for event in self._api.stream(thread, text):
            match event.name:
                case "run":
                    yield Piece("run", event.data["run_id"])
                case "token":
                    yield Piece("token", event.data["text"])
                case "error":
                    yield Piece("error", event.data)

    def ask(self, thread: str, text: str) -> str:
        """Say something and return the answer."""
        return str(self._api.say(thread, text)["message"]["content"])

    def cancel(self, thread: str, run: str) -> None:
        """Stop a run."""
        self._api.http.post(f"sessions/{thread}/runs/{run}/cancel/").raise_for_status()

    def messages(self, thread: str) -> list[Message]:
        """Return the history."""
        return [(message["role"], message["content"]) for message in self._api.history(thread)]

    def threads(self) -> list[str]:
        """Return the first page of sessions."""
        return [session["id"] for session in self._api.expect(200, "GET", "sessions/")["results"]]

    def close(self) -> None:
        """Leave the connections to whoever signed in."""


class PythonClient:
    """The Python SDK, given the Agent Server's address and a token."""

    def __init__(self, url: str, token: str) -> None:
        self._sdk = get_sync_client(url=url, api_key=None, headers={"Authorization": f"Bearer {token}"})

    def create_thread(self) -> str:
        """Make a thread and return its id."""
        return str(self._sdk.threads.create()["thread_id"])

    def stream(self, thread: str, text: str) -> Iterator[Piece]:
        """Say something and yield the answer piece by piece."""
        parts = self._sdk.runs.stream(thread, "agent", input=_turn(text), stream_mode="messages-tuple")
        try:
            yield from (piece for part in parts if (piece := _piece(part)))
        except APIStatusError as error:
            raise Refused(error.response.status_code, json.dumps(error.body)) from error

    def ask(self, thread: str, text: str) -> str:
        """Say something and return the last message of the conversation."""
        values: Any = self._sdk.runs.wait(thread, "agent", input=_turn(text))
        return str(values["messages"][-1]["content"])

    def cancel(self, thread: str, run: str) -> None:
        """Stop a run and wait until it is over."""
        self._sdk.runs.cancel(thread, run, wait=True)

    def messages(self, thread: str) -> list[Message]:
        """Return the conversation as the thread's state has it."""
        values: Any = self._sdk.threads.get_state(thread)["values"]
        return [(message["type"], message["content"]) for message in values["messages"]]

    def checkpoints(self, thread: str) -> int:
        """Count the states that the thread went through."""
        return len(self._sdk.threads.get_history(thread, limit=100))

    def threads(self) -> list[str]:
        """Return the ids of the user's threads."""
        return [thread["thread_id"] for thread in self._sdk.threads.search(limit=100)]

    def close(self) -> None:
        """Close the connections."""
        self._sdk.close()


def _turn(text: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": text}]}


def _piece(part: StreamPart) -> Piece | None:
    match part.event:
        case "metadata":
            return Piece("run", part.data["run_id"])
        case "error":
            return Piece("error", part.data)
        case "messages" if part.data[0]["type"] == "AIMessageChunk" and part.data[0]["content"]:
            return Piece("token", part.data[0]["content"])
    return None
