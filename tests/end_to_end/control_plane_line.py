"""The Agent Server's line to the control plane: a test can cut it, and lose, double or keep webhooks."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from tests.end_to_end.api import eventually

HOST = "127.0.0.1"
WEBHOOKS = "/internal/webhooks/runs/"
PERMITS = re.compile(r"/internal/runs/[^/]+/calls/")
SECONDS = 30.0
# What belongs to one connection, and so to each of the two by itself.
OF_THE_CONNECTION = {
    "host",
    "connection",
    "content-length",
    "transfer-encoding",
    "keep-alive",
    "date",
    "server",
}


class Fate(StrEnum):
    """What becomes of a webhook; one that is kept waits until a test delivers it."""

    PASSED = "passed"
    DOUBLED = "doubled"
    LOST = "lost"
    KEPT = "kept"


@dataclass(frozen=True)
class Request:
    """One request of the Agent Server; `answers` are the statuses that the control plane gave."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    answers: list[int] = field(default_factory=list)


class ControlPlaneLine:
    """A proxy on loopback. The Agent Server is told its address in place of the control plane's own."""

    def __init__(self, target_port: int) -> None:
        self.fate = Fate.PASSED
        self.is_deaf = False
        self.webhooks: list[Request] = []
        self._http = httpx.Client(
            base_url=f"http://{HOST}:{target_port}",
            timeout=SECONDS,
            trust_env=False,
            # The other side is killed: a kept connection would be one more way to fail.
            limits=httpx.Limits(max_keepalive_connections=0),
        )
        self._server = _bound(0, self)
        self.port: int = self._server.server_address[1]
        self._serving = self._serve()

    def close(self) -> None:
        """Hang up; no thread and no socket is left."""
        self._stop_serving()
        self._http.close()

    @contextmanager
    def cut(self) -> Iterator[None]:
        """Refuse connections for a while, as a dead server's port does; nobody else can get the port."""
        self._stop_serving()
        self._server = _bound(self.port, self)
        try:
            yield
        finally:
            self._serving = self._serve()

    @contextmanager
    def permits_lost(self) -> Iterator[None]:
        """Carry requests for model calls for a while, and none of their answers: the other side has acted."""
        self.is_deaf = True
        try:
            yield
        finally:
            self.is_deaf = False

    @contextmanager
    def webhooks_are(self, fate: Fate) -> Iterator[None]:
        """Decide what becomes of the webhooks that come meanwhile."""
        self.fate = fate
        try:
            yield
        finally:
            self.fate = Fate.PASSED

    def webhook_of(self, run_id: str) -> Request:
        """Wait for a run's one webhook and for what becomes of it."""
        awaited = {Fate.PASSED: 1, Fate.DOUBLED: 2}.get(self.fate, 0)
        (seen,) = eventually(
            lambda: [webhook for webhook in self.webhooks if run_id in webhook.body.decode()],
            lambda seen: len(seen) == 1 and len(seen[0].answers) == awaited,
            within=SECONDS,
        )
        return seen

    def deliver(self, request: Request) -> httpx.Response | None:
        """Pass a request on and note the answer; None when nobody answers."""
        try:
            response = self._http.request(
                request.method, request.path, headers=request.headers, content=request.body
            )
        except httpx.TransportError:
            return None
        request.answers.append(response.status_code)
        return response

    def carry(self, request: Request) -> httpx.Response | None:
        """Do with a request what the test said; None hangs up without an answer."""
        if request.path != WEBHOOKS:
            return self.deliver(request)
        self.webhooks.append(request)
        fate = self.fate_of(request)
        if fate is Fate.LOST:
            return None
        if fate is Fate.KEPT:
            return httpx.Response(202)
        twin = threading.Thread(target=self.deliver, args=(request,))
        if fate is Fate.DOUBLED:
            twin.start()
        answer = self.deliver(request)
        if fate is Fate.DOUBLED:
            twin.join()
        return answer

    def fate_of(self, webhook: Request) -> Fate:
        """Say what becomes of a webhook; here all have the same fate."""
        return self.fate

    def _serve(self) -> threading.Thread:
        self._server.server_activate()
        serving = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        serving.start()
        return serving

    def _stop_serving(self) -> None:
        self._server.shutdown()
        self._serving.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # so that closing waits for them
    request_queue_size = 64
    line: ControlPlaneLine


class _Handler(BaseHTTPRequestHandler):
    """One request per connection, as HTTP/1.0 has it: no thread waits for a next one."""

    server: _Server
    timeout = SECONDS

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        answer = self.server.line.carry(Request(self.command, self.path, _passed_on(self.headers), body))
        if answer is None or (self.server.line.is_deaf and PERMITS.fullmatch(self.path)):
            return
        self.send_response_only(answer.status_code)
        for name, value in _passed_on(answer.headers).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.content)))
        with suppress(OSError):  # who asked may have been killed
            self.end_headers()
            self.wfile.write(answer.content)

    do_POST = do_GET  # noqa: N815  # the server looks for this name

    def log_message(self, *_: Any) -> None:
        """Say nothing: a test that fails shows what came."""


def _passed_on(headers: Any) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in OF_THE_CONNECTION}


def _bound(port: int, line: ControlPlaneLine) -> _Server:
    server = _Server((HOST, port), _Handler, bind_and_activate=False)
    server.line = line
    server.server_bind()
    return server
