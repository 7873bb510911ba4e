"""Fetching from a real server on loopback: what is refused, followed, bounded, and never told."""

import asyncio
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from controlplane.outbound.addresses import look_up
from controlplane.outbound.errors import (
    AddressRefused,
    AnswerRefused,
    OutboundError,
    TimedOut,
    TooManyRedirects,
    Unreachable,
)
from controlplane.outbound.fetching import Bounds, Errand, fetch
from tests.ports import free_ports

SECRET = "sk-secret-0123456789"
LOOPBACK = Bounds(private_networks=["127.0.0.0/8"], is_plain_http_allowed=True, most_redirects=2)


@dataclass
class Server:
    """Where it listens, what it was asked, and where each path leads."""

    url: str
    asked: list[tuple[str, str, str | None, bytes]] = field(default_factory=list)
    leads: dict[str, tuple[int, str]] = field(default_factory=dict)
    body: bytes = b"here"
    release: threading.Event | None = None


@contextmanager
def listening() -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            server.asked.append((self.command, self.path, self.headers.get("Authorization"), body))
            status, target = server.leads.get(self.path, (200, ""))
            self.send_response(status)
            if target:
                self.send_header("Location", target)
            self.send_header("Content-Length", str(len(server.body)))
            self.end_headers()
            if server.release is not None:
                server.release.wait(timeout=30)
            self.wfile.write(server.body)

        do_GET = do_POST = answer  # noqa: N815  # the library's names

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """Say nothing of those who hang up on it."""

    http = Quiet(("127.0.0.1", 0), Handler)
    server = Server(url=f"http://127.0.0.1:{http.server_port}")
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        if server.release is not None:
            server.release.set()
        http.shutdown()
        thread.join()
        http.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    with listening() as one:
        yield one


@pytest.fixture
def other() -> Iterator[Server]:
    with listening() as one:
        yield one


def errand(url: str, **fields: object) -> Errand:
    return Errand(url=url, headers={"Authorization": SECRET}, **fields)


async def test_what_is_there_is_fetched(server):
    answer = await fetch(errand(f"{server.url}/a?b=c", method="POST", content=b"x"), bounds=LOOPBACK)
    assert (answer.status, answer.body, answer.url) == (200, b"here", f"{server.url}/a?b=c")
    assert server.asked == [("POST", "/a?b=c", SECRET, b"x")]


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "[::ffff:7f00:1]"]
)
async def test_address_inside_is_refused_and_not_asked(server, host):
    url = server.url.replace("127.0.0.1", host)
    with pytest.raises(AddressRefused):
        await fetch(errand(url), bounds=Bounds(is_plain_http_allowed=True))
    assert server.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/path",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "http://",
        "http://user:secret@127.0.0.1/",
        "http://127.0.0.1/\r\nX: y",
        "http://127.0.0.1/" + "a" * 2000,
        "http://[::1",
        "http://127.0.0.1:99999/",
    ],
)
async def test_what_is_no_plain_address_is_refused(url):
    with pytest.raises(AddressRefused):
        await fetch(errand(url), bounds=LOOPBACK)


async def test_plain_http_is_refused_unless_it_is_allowed(server):
    with pytest.raises(AddressRefused):
        await fetch(errand(server.url), bounds=Bounds(private_networks=["127.0.0.0/8"]))
    assert server.asked == []


async def test_name_that_leads_elsewhere_the_second_time_is_not_looked_up_twice(server):
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    looked_up = []

    async def rebinding(host, port):
        looked_up.append(host)
        return next(answers)

    url = server.url.replace("127.0.0.1", "rebind.test")
    assert (await fetch(errand(url), bounds=LOOPBACK, resolver=rebinding)).status == 200
    assert looked_up == ["rebind.test"]
    # A redirect is a look-up of its own, and is checked for itself.
    with pytest.raises(AddressRefused):
        await fetch(errand(url), bounds=LOOPBACK, resolver=rebinding)
    assert len(server.asked) == 1


async def test_redirects_are_followed_as_far_as_is_allowed(server):
    server.leads = {"/1": (302, "/2"), "/2": (307, "/3"), "/3": (302, "/4")}
    assert (await fetch(errand(f"{server.url}/2"), bounds=LOOPBACK)).url == f"{server.url}/4"
    with pytest.raises(TooManyRedirects):
        await fetch(errand(f"{server.url}/1"), bounds=LOOPBACK)
    unfollowed = Bounds(private_networks=["127.0.0.0/8"], is_plain_http_allowed=True)
    assert (await fetch(errand(f"{server.url}/1"), bounds=unfollowed)).status == 302


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data/",
        "//10.0.0.1/",
        "file:///etc/passwd",
        "http://u:p@127.0.0.1/",
    ],
)
async def test_redirect_inside_is_refused(server, target):
    server.leads = {"/1": (302, target)}
    with pytest.raises(AddressRefused):
        await fetch(errand(f"{server.url}/1"), bounds=LOOPBACK)
    assert [path for _, path, _, _ in server.asked] == ["/1"]


async def test_secrets_do_not_follow_to_another_origin(server, other):
    server.leads = {"/1": (307, f"{other.url}/2")}
    await fetch(errand(f"{server.url}/1", method="POST", content=b"x"), bounds=LOOPBACK)
    assert server.asked == [("POST", "/1", SECRET, b"x")]
    assert other.asked == [("POST", "/2", None, b"x")]


async def test_post_becomes_get_where_the_answer_is_elsewhere(server):
    server.leads = {"/1": (303, "/2")}
    await fetch(errand(f"{server.url}/1", method="POST", content=b"x"), bounds=LOOPBACK)
    assert server.asked == [("POST", "/1", SECRET, b"x"), ("GET", "/2", SECRET, b"")]


async def test_long_answer_is_cut_off(server):
    server.body = b"x" * 1001
    bounds = Bounds(private_networks=["127.0.0.0/8"], is_plain_http_allowed=True, largest_answer=1000)
    with pytest.raises(AnswerRefused):
        await fetch(errand(server.url), bounds=bounds)
    server.body = b"x" * 1000
    assert len((await fetch(errand(server.url), bounds=bounds)).body) == 1000


async def test_slow_answer_is_given_up(server):
    server.release = threading.Event()
    bounds = Bounds(private_networks=["127.0.0.0/8"], is_plain_http_allowed=True, seconds=0.3)
    started = asyncio.get_running_loop().time()
    with pytest.raises(TimedOut):
        await fetch(errand(server.url), bounds=bounds)
    assert asyncio.get_running_loop().time() - started < 5


async def test_error_holds_nothing_of_the_request():
    (port,) = free_ports(1)
    with pytest.raises(Unreachable) as caught:
        await fetch(errand(f"http://127.0.0.1:{port}"), bounds=LOOPBACK)
    assert isinstance(caught.value, OutboundError)
    told = (
        "".join(traceback.format_exception(caught.value))
        + repr(errand("http://a"))
        + repr(vars(caught.value))
    )
    assert SECRET not in told
    assert caught.value.__suppress_context__


async def test_system_s_resolver_gives_plain_addresses():
    assert "127.0.0.1" in await look_up("127.0.0.1", 80)
