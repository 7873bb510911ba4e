"""A web of our own on loopback: pages that answer, hang, drip, lead on or burst, and a search provider."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HOUSE_KEY = "tvly-key-of-the-house"
Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Asked:
    """One request as it came in."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class LittleWeb:
    """What is at which path, and what was asked; a page that hangs does so until the end."""

    port: int
    pages: dict[str, Answer] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    results: list[dict[str, Any]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    def put(self, path: str, body: bytes = b"", status: int = 200, **headers: str) -> str:
        """Put a page there and return its address; header names are written with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}

        def answer(request: BaseHTTPRequestHandler) -> None:
            request.send_response(status)
            for name, value in {"Content-Type": "text/html", **named}.items():
                request.send_header(name, value)
            request.send_header("Content-Length", str(len(body)))
            request.end_headers()
            request.wfile.write(body)

        return self.put_answer(path, answer)

    def put_answer(self, path: str, answer: Answer) -> str:
        """Put something there that answers as it likes, and return its address."""
        self.pages[path] = answer
        return self.url + path

    def hang(self, path: str) -> str:
        """Put a page there that never answers."""
        return self.put_answer(path, lambda _request: self.over.wait(timeout=120) and None)

    def asked_for(self, path: str) -> list[Asked]:
        """Return what came in for one path."""
        return [asked for asked in self.asked if asked.path == path]

    def search(self, request: BaseHTTPRequestHandler, body: bytes) -> None:
        """Answer as Tavily does, to those who have the house's key."""
        is_known = request.headers.get("Authorization") == f"Bearer {HOUSE_KEY}"
        answer = {"query": json.loads(body)["query"], "results": self.results} if is_known else {}
        request.send_response(200 if is_known else 401)
        request.send_header("Content-Type", "application/json")
        request.end_headers()
        request.wfile.write(json.dumps(answer).encode())


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of those who hang up."""


@contextmanager
def little_web() -> Iterator[LittleWeb]:
    """Serve until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            web.asked.append(Asked(self.command, self.path, dict(self.headers), body))
            page = web.pages.get(self.path)
            if page is not None:
                page(self)
            elif self.path == "/search":
                web.search(self, body)
            else:
                self.send_error(404)

        do_GET = do_POST = answer  # noqa: N815  # the library's names

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    server = _Quiet(("127.0.0.1", 0), Handler)
    web = LittleWeb(port=server.server_port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield web
    finally:
        web.over.set()
        server.shutdown()
        thread.join()
        server.server_close()
