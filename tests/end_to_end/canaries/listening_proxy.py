"""A proxy between Agent Server and control plane that keeps all that either says, secrets included."""

import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host", "accept-encoding"}


@dataclass(frozen=True)
class Heard:
    """One exchange."""

    path: str
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    answer: bytes = field(repr=False)


class ListeningProxy(ThreadingHTTPServer):
    """Passes on what comes, once, and keeps it."""

    daemon_threads = True

    def __init__(self, target: str, *, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.heard: list[Heard] = []
        self.http = httpx.Client(base_url=target, timeout=60, trust_env=False)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"

    def at(self, part: str) -> list[Heard]:
        """Give what was heard at the addresses that contain this part."""
        return [one for one in self.heard if part in one.path]

    def stop(self) -> None:
        """End it."""
        self.shutdown()
        self.server_close()
        self.http.close()


class _Handler(BaseHTTPRequestHandler):
    server: ListeningProxy

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Pass a question on."""
        self._pass_on()

    def do_POST(self) -> None:
        """Pass a request with a body on."""
        self._pass_on()

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
        try:
            answer = self.server.http.request(self.command, self.path, content=body, headers=headers)
        except httpx.HTTPError:
            # As if it was not there: the caller hears nothing and asks again.
            self.close_connection = True
            return
        self.server.heard.append(Heard(self.path, dict(self.headers.items()), body, answer.content))
        self.send_response(answer.status_code)
        for name, value in answer.headers.items():
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)
