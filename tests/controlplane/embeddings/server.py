"""A provider of embeddings on loopback, which answers what a test wants and keeps what it was asked."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class EmbeddingsServer:
    """Where it listens, what it was asked, and what it answers."""

    base_url: str
    asked: list[tuple[dict[str, str], dict[str, Any]]] = field(default_factory=list)
    status: int = 200
    body: bytes | None = None
    usage: dict[str, int] | None = field(default_factory=lambda: {"prompt_tokens": 7})
    hangs_up: bool = False

    def answer(self, content: dict[str, Any]) -> bytes:
        """Write the usual answer, with the vectors in the wrong order."""
        count = len(content["input"])
        data = [{"index": index, "embedding": [float(index), 0.5]} for index in reversed(range(count))]
        return json.dumps({"data": data} | ({"usage": self.usage} if self.usage else {})).encode()


@contextmanager
def embeddings_listening() -> Iterator[EmbeddingsServer]:
    """Listen on a free port until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            headers = {name.lower(): value for name, value in self.headers.items()}
            listening.asked.append(({**headers, "path": self.path}, content))
            if listening.hangs_up:
                self.close_connection = True
                return
            body = listening.answer(content) if listening.body is None else listening.body
            self.send_response(listening.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listening = EmbeddingsServer(base_url=f"http://127.0.0.1:{server.server_port}/v1")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield listening
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
