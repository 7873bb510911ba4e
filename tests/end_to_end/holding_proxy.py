"""A proxy between two parts that can hold an exchange at an exact point, so that a test can act just then."""

import json
import select
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host", "accept-encoding"}
LONGEST_HOLD_SECONDS = 60.0


@dataclass(frozen=True)
class Exchange:
    """A request as it went by."""

    method: str
    path: str
    body: Any


@dataclass
class Gate:
    """Where an exchange waits. `after_events` None is before the request is passed on, 0 before the answer.

    A higher number lets so many server-sent events of the answer through.
    """

    matches: Callable[[Exchange], bool]
    after_events: int | None = None
    reached: threading.Event = field(default_factory=threading.Event)
    opened: threading.Event = field(default_factory=threading.Event)

    def hold(self) -> None:
        """Wait here until the test opens the gate."""
        self.reached.set()
        self.opened.wait(LONGEST_HOLD_SECONDS)


class HoldingProxy:
    """Passes HTTP on to `target`; whoever hung up meanwhile is not spoken for any more."""

    def __init__(self, target: str, *, port: int) -> None:
        self.target = target
        self.url = f"http://127.0.0.1:{port}"
        self.seen: list[Exchange] = []
        self._gates: list[Gate] = []
        self._server = _Server(port, self)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Open every gate and end."""
        for gate in self._gates:
            gate.opened.set()
        self._server.shutdown()
        self._server.server_close()

    @contextmanager
    def gate(self, matches: Callable[[Exchange], bool], *, after_events: int | None = None) -> Iterator[Gate]:
        """Hold matching exchanges for the time of the block, or until the gate is opened."""
        gate = Gate(matches, after_events)
        self._gates.append(gate)
        try:
            yield gate
        finally:
            self._gates.remove(gate)
            gate.opened.set()

    def gates_of(self, exchange: Exchange) -> list[Gate]:
        """Return the closed gates in this exchange's way."""
        return [gate for gate in list(self._gates) if not gate.opened.is_set() and gate.matches(exchange)]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int, proxy: HoldingProxy) -> None:
        self.proxy = proxy
        super().__init__(("127.0.0.1", port), _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the library's signature
        """Say nothing."""

    def do_GET(self) -> None:
        """Pass a question on."""
        self._pass_on()

    def do_POST(self) -> None:
        """Pass a request with a body on."""
        self._pass_on()

    def _pass_on(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        exchange = Exchange(self.command, self.path, _read_json(content))
        proxy = self.server.proxy
        proxy.seen.append(exchange)
        gates = proxy.gates_of(exchange)
        _hold([gate for gate in gates if gate.after_events is None])
        # A connection is used once: an error of either side is then simply its end.
        self.close_connection = True
        if _has_hung_up(self.connection):
            return
        with suppress(httpx.HTTPError, OSError), self._ask(proxy.target, content) as answer:
            _hold([gate for gate in gates if gate.after_events == 0])
            self._answer(answer, gates)

    def _ask(self, target: str, content: bytes) -> AbstractContextManager[httpx.Response]:
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
        return httpx.stream(
            self.command,
            f"{target}{self.path}",
            content=content,
            headers={**headers, "Accept-Encoding": "identity"},
            timeout=LONGEST_HOLD_SECONDS,
            trust_env=False,
        )

    def _answer(self, answer: httpx.Response, gates: list[Gate]) -> None:
        self.send_response_only(answer.status_code)
        for name, value in answer.headers.items():
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("Connection", "close")
        self.end_headers()
        for number, event in enumerate(_events(answer.iter_raw()), start=1):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
            self.wfile.flush()
            _hold([gate for gate in gates if gate.after_events == number])
        self.wfile.write(b"0\r\n\r\n")


def _hold(gates: list[Gate]) -> None:
    for gate in gates:
        gate.hold()


def _events(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Cut a stream behind its empty lines; what is no event stream comes in one piece."""
    rest = b""
    for chunk in chunks:
        *events, rest = (rest + chunk).split(b"\n\n")
        yield from (event + b"\n\n" for event in events)
    if rest:
        yield rest


def _read_json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return None


def _has_hung_up(connection: socket.socket) -> bool:
    readable, _, _ = select.select([connection], [], [], 0)
    with suppress(OSError):
        return bool(readable) and connection.recv(1, socket.MSG_PEEK) == b""
    return True
