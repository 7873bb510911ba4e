"""A provider of language models on loopback: it lists its models to whoever brings the right key."""

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

GOOD_KEY = "sk-good-0123456789abcdef"
MODELS = json.dumps({"object": "list", "data": [{"id": "gpt-4o-mini"}]}).encode()


@dataclass
class Provider:
    """Where it listens, what it was asked, and what it answers in place of the usual."""

    base_url: str
    asked: list[tuple[str, str | None, str | None]] = field(default_factory=list)
    status: int | None = None
    body: bytes = MODELS
    headers: dict[str, str] = field(default_factory=dict)
    release: threading.Event | None = None

    def status_for(self, authorization: str | None) -> int:
        """Say what a request with this header is answered with."""
        if self.status is not None:
            return self.status
        return 200 if authorization == f"Bearer {GOOD_KEY}" else 401


@contextmanager
def provider_listening(*, tls: ssl.SSLContext | None = None) -> Iterator[Provider]:
    """Listen on a free port until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            authorization = self.headers.get("Authorization")
            provider.asked.append((self.path, self.headers.get("Host"), authorization))
            if provider.release is not None:
                provider.release.wait(timeout=30)
                return
            self.send_response(provider.status_for(authorization))
            for name, value in provider.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(provider.body)))
            self.end_headers()
            self.wfile.write(provider.body)

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """Say nothing of those who hang up on it."""

    server = Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    provider = Provider(base_url=f"http://127.0.0.1:{server.server_port}/v1")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
