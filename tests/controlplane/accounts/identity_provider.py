"""An OpenID Connect provider on loopback: it knows one person and says what the test tells it to."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer


class IdentityProvider(HTTPServer):
    """Answers discovery, token and userinfo; `person` is what userinfo says, `posted` what it was sent."""

    def __init__(self, person: dict[str, object]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.person = person
        self.asked: list[str] = []
        self.posted: list[bytes] = []

    @property
    def issuer(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_port}"

    def answer(self, path: str) -> dict[str, object]:
        """Say what is at an address."""
        if path.startswith("/.well-known/"):
            return {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "userinfo_endpoint": f"{self.issuer}/userinfo",
                "jwks_uri": f"{self.issuer}/jwks",
            }
        if path == "/token":
            return {"access_token": "of the provider", "token_type": "Bearer"}
        return self.person


class _Handler(BaseHTTPRequestHandler):
    server: IdentityProvider

    def do_GET(self) -> None:
        """Answer in JSON."""
        self.server.asked.append(self.path)
        body = json.dumps(self.server.answer(self.path)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        """Keep what was sent, and answer."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.posted.append(bytes(self.headers) + body)
        self.do_GET()

    def log_message(self, *_arguments: object) -> None:
        """Keep quiet."""


@contextmanager
def provider_of(person: dict[str, object]) -> Iterator[IdentityProvider]:
    """Serve from a thread."""
    with IdentityProvider(person) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join(timeout=10)
