"""The JavaScript SDK as a direct client: a Node process that tests give orders to, line by line."""

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from tests.end_to_end.clients import Message, Piece, Refused
from tests.scripted_model import NODE

FOLDER = Path(__file__).resolve().parents[1] / "javascript"
SECONDS = 60


class JavaScriptSdkMissing(RuntimeError):
    """Raised when the package is not installed; `make test` installs it."""


class JavaScriptClient:
    """A process that knows the Agent Server's address and a token, and nothing else."""

    def __init__(self, url: str, token: str) -> None:
        if not (FOLDER / "node_modules").exists():
            raise JavaScriptSdkMissing("the JavaScript SDK is not installed: run `make test`")
        self._process = subprocess.Popen(
            [str(NODE), str(FOLDER / "client.js")],
            env={"PATH": os.environ["PATH"], "AGENT_URL": url, "AGENT_TOKEN": token},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._ids = count(1)
        self._answers: dict[int, SimpleQueue[tuple[str, Any]]] = {}
        self._writing = threading.Lock()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def create_thread(self) -> str:
        """Make a thread and return its id."""
        return str(self._do("create"))

    def stream(self, thread: str, text: str) -> Iterator[Piece]:
        """Say something and yield the answer piece by piece; the SDK reads on in any case."""
        for kind, data in self._answers_to("stream", thread=thread, text=text):
            if kind == "done":
                return
            yield Piece(kind, data)

    def ask(self, thread: str, text: str) -> str:
        """Say something and return the last message of the conversation."""
        return str(self._do("wait", thread=thread, text=text)["messages"][-1]["content"])

    def cancel(self, thread: str, run: str) -> None:
        """Stop a run and wait until it is over."""
        self._do("cancel", thread=thread, run=run)

    def messages(self, thread: str) -> list[Message]:
        """Return the conversation as the thread's state has it."""
        return [
            (message["type"], message["content"])
            for message in self._do("state", thread=thread)["values"]["messages"]
        ]

    def checkpoints(self, thread: str) -> int:
        """Count the states that the thread went through."""
        return len(self._do("history", thread=thread))

    def threads(self) -> list[str]:
        """Return the ids of the user's threads."""
        return [thread["thread_id"] for thread in self._do("search")]

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(timeout=SECONDS)
        self._reader.join(timeout=SECONDS)
        self._process.stdout.close()

    def _do(self, command: str, **arguments: str) -> Any:
        (answer,) = self._answers_to(command, **arguments)
        return answer[1]

    def _answers_to(self, command: str, **arguments: str) -> Iterator[tuple[str, Any]]:
        """Yield what a command gives rise to, until it is done; raises Refused."""
        order = next(self._ids)
        answers = self._answers[order] = SimpleQueue()
        assert self._process.stdin
        with self._writing:
            self._process.stdin.write(f"{json.dumps({'id': order, 'do': command, 'with': arguments})}\n")
            self._process.stdin.flush()
        kind = ""
        while kind != "done":
            try:
                kind, data = answers.get(timeout=SECONDS)
            except Empty:
                raise TimeoutError(f"the JavaScript SDK did not answer to {command}") from None
            if kind == "refused":
                raise Refused(data["status"], data["message"])
            yield kind, data

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            answer = json.loads(line)
            self._answers[answer["id"]].put((answer["kind"], answer["data"]))
