"""A provider of language models that repeats the caller's key in everything it says of a fault."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

REFUSED = "no-key"
BUSY = "no-room"
BROKEN = "no-luck"
GARBLED = "no-sense"
CUT = "no-end"
TOOL = "no-head-for-figures"
STATUSES = {REFUSED: 401, BUSY: 429, BROKEN: 500}
USAGE = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
CALL = {
    "index": 0,
    "id": "call_1",
    "type": "function",
    "function": {"name": "calculator", "arguments": '{"expression": "6 * 7"}'},
}


class IndiscreetProvider(ThreadingHTTPServer):
    """Says what the last human message asks for; `keys` are those it was called with."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.keys: set[str] = set()
        self.questions: list[str] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """The base URL to give to an OpenAI client."""
        return f"http://127.0.0.1:{self.server_port}/v1"

    def stop(self) -> None:
        """End it."""
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: IndiscreetProvider

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """List the models, but to nobody whose key says that it is bad."""
        if "bad" in self._key():
            self._fail(401)
        else:
            self._send(200, json.dumps({"object": "list", "data": [{"id": "gpt-4o-mini"}]}).encode())

    def do_POST(self) -> None:
        """Answer one turn, streamed, or fail as the question says."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        key, messages = self._key(), asked["messages"]
        question = next(
            (str(one["content"]) for one in reversed(messages) if one["role"] == "user"), "nothing"
        )
        self.server.questions.append(question)
        for word, status in STATUSES.items():
            if word in question:
                self._fail(status)
                return
        if GARBLED in question:
            self._stream(["{" + key])
            return
        has_result = messages[-1]["role"] == "tool"
        wants_tool = TOOL in question and not has_result and asked.get("tools")
        pieces = list(_tool_call() if wants_tool else _answer())
        self._stream([json.dumps(piece) for piece in pieces[: 1 if CUT in question else None]])

    def _key(self) -> str:
        key = str(self.headers.get("Authorization", "")).removeprefix("Bearer ")
        self.server.keys.add(key)
        return key

    def _fail(self, status: int) -> None:
        said = f"Incorrect API key provided: {self._key()}. Sent: {dict(self.headers)}"
        self._send(status, json.dumps({"error": {"message": said, "code": "bad", "param": said}}).encode())

    def _stream(self, pieces: list[str]) -> None:
        body = "".join(f"data: {piece}\n\n" for piece in [*pieces, "[DONE]"])
        self._send(200, body.encode(), kind="text/event-stream")

    def _send(self, status: int, body: bytes, *, kind: str = "application/json") -> None:
        self.send_response(status, f"Not-with-{self._key()}" if status >= 400 else None)
        self.send_header("Content-Type", kind)
        self.send_header("X-Your-Key", self._key())
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _answer() -> Iterator[dict[str, Any]]:
    yield _piece({"role": "assistant", "content": "That is "})
    yield _piece({"content": "all."})
    yield _piece({}, finish_reason="stop")


def _tool_call() -> Iterator[dict[str, Any]]:
    yield _piece({"role": "assistant", "content": None, "tool_calls": [CALL]})
    yield _piece({}, finish_reason="tool_calls")


def _piece(delta: dict[str, Any], *, finish_reason: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "gpt-4o-mini",
        "choices": [choice],
        "usage": USAGE if finish_reason else None,
    }
