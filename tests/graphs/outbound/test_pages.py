"""Fetching from a real server on loopback: what is refused, followed, bounded, and never asked."""

import gzip
import time
import zlib
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_network

import pytest

from graphs.outbound.addresses import Guard, Lookup
from graphs.outbound.errors import AddressRefused, AnswerRefused, FetchFailed, NoAnswer
from graphs.outbound.pages import Fetcher, Page, PageBounds, read_address
from tests.hostile_addresses import DISGUISES
from tests.little_web import LittleWeb, little_web
from tests.ports import free_ports

LOOPBACK = (ip_network("127.0.0.0/8"),)
BOUNDS = PageBounds(seconds=1.0, silent_seconds=0.3, most_bytes=10_000, most_redirects=2)
MEGABYTE = b"\0" * 1_000_000


@pytest.fixture
def site() -> Iterator[LittleWeb]:
    with little_web() as web:
        yield web


async def fetch(address: str, **guarded: object) -> Page:
    guard = Guard(**{"private": LOOPBACK, **guarded})
    return await Fetcher(guard, BOUNDS).fetch(address)


def leads(site: LittleWeb, path: str, target: str, status: int = 302) -> str:
    return site.put(path, status=status, Location=target)


async def test_page_is_fetched_with_nothing_but_the_question(site: LittleWeb):
    page = await fetch(site.put("/a?b=c", b"here", Content_Type="text/plain"))

    assert (page.status, page.body, page.content_type) == (200, b"here", "text/plain")
    assert page.address == f"{site.url}/a?b=c"
    [asked] = site.asked
    assert set(asked.headers) == {"Host", "User-Agent", "Accept", "Accept-Encoding", "Connection"}
    assert asked.headers["Host"] == f"127.0.0.1:{site.port}"


@pytest.mark.parametrize("host", DISGUISES)
async def test_address_inside_is_refused_and_not_asked(site: LittleWeb, host: str):
    with pytest.raises(FetchFailed):
        await Fetcher(Guard(), BOUNDS).fetch(f"http://{host}:{site.port}/")
    assert site.asked == []


@pytest.mark.parametrize(
    "address",
    [
        "",
        "/path",
        "page.test",
        "file:///etc/passwd",
        "gopher://page.test/",
        "data:text/plain,x",
        "http://",
        "http://user:secret@page.test/",
        "http://page.test:0/",
        "http://page.test:99999/",
        "http://page.test/\r\nX: y",
        "http://page.test/\0",
        "http://page.test/" + "a" * 2_000,
        "http://[::1",
    ],
)
def test_what_is_no_address_of_a_page_is_refused(address: str):
    with pytest.raises(AddressRefused):
        read_address(address)


async def test_redirects_are_followed_up_to_a_bound(site: LittleWeb):
    site.put("/end", b"there")
    leads(site, "/two", "/end", 301)
    leads(site, "/one", f"{site.url}/two", 307)

    page = await fetch(f"{site.url}/one")

    assert (page.body, page.address) == (b"there", f"{site.url}/end")
    with pytest.raises(AnswerRefused):
        await fetch(leads(site, "/zero", "/one"))


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://10.0.0.1/",
        "http://[::1]/",
        "file:///etc/passwd",
        "http://user@127.0.0.1/",
        "//0.0.0.0/",
    ],
)
async def test_each_redirect_is_checked_anew(site: LittleWeb, target: str):
    with pytest.raises(AddressRefused):
        await fetch(leads(site, "/out", target))
    assert [asked.path for asked in site.asked] == ["/out"]


async def test_redirect_to_another_server_inside_is_not_asked(site: LittleWeb):
    async def lookup(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1"] if host == "127.0.0.1" else ["192.168.7.7"]

    with pytest.raises(AddressRefused):
        await fetch(leads(site, "/out", f"http://intranet.test:{site.port}/"), lookup=lookup)


async def test_body_of_a_redirect_is_not_read(site: LittleWeb):
    site.put("/end", b"there")

    page = await fetch(site.put("/out", MEGABYTE, status=302, Location="/end"))

    assert page.body == b"there"


def rebinding(*answers: str) -> tuple[Lookup, list[str]]:
    """A name that is somewhere else each time it is looked up."""
    asked: list[str] = []

    async def lookup(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return [answers[len(asked) - 1]]

    return lookup, asked


async def test_name_is_looked_up_once_and_that_address_asked(site: LittleWeb):
    site.put("/", b"here")
    lookup, asked = rebinding("127.0.0.1", "10.0.0.1")

    page = await fetch(f"http://page.test:{site.port}/", lookup=lookup)

    assert (page.body, asked) == (b"here", ["page.test"])
    assert site.asked[0].headers["Host"] == f"page.test:{site.port}"


async def test_name_that_moves_inside_is_refused_at_the_next_hop(site: LittleWeb):
    leads(site, "/", "/next")
    site.put("/next", b"inside")
    lookup, asked = rebinding("127.0.0.1", "10.0.0.1")

    with pytest.raises(AddressRefused):
        await fetch(f"http://page.test:{site.port}/", lookup=lookup)

    assert asked == ["page.test", "page.test"]
    assert site.asked_for("/next") == []


@pytest.mark.parametrize("size", [9_999, 10_000])
async def test_page_up_to_the_bound_is_taken(site: LittleWeb, size: int):
    plain, packed = site.put("/plain", b"x" * size), gzip.compress(b"x" * size)

    assert len((await fetch(plain)).body) == size
    assert len((await fetch(site.put("/packed", packed, Content_Encoding="gzip"))).body) == size


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        pytest.param(b"x" * 10_001, "", id="long"),
        pytest.param(gzip.compress(b"x" * 10_001), "gzip", id="a byte too long when unpacked"),
        pytest.param(gzip.compress(MEGABYTE), "gzip", id="bomb"),
        pytest.param(zlib.compress(MEGABYTE), "deflate", id="bomb of zlib"),
        pytest.param(gzip.compress(gzip.compress(MEGABYTE)), "gzip, gzip", id="bomb in a bomb"),
        pytest.param(b"not packed", "gzip", id="not packed"),
        pytest.param(b"x", "br", id="another way"),
        pytest.param(b"x", "zstd", id="yet another"),
    ],
)
async def test_what_is_too_long_or_packed_unreadably_is_refused(site: LittleWeb, body: bytes, encoding: str):
    with pytest.raises(AnswerRefused):
        await fetch(site.put("/", body, Content_Encoding=encoding))


async def test_endless_page_is_broken_off(site: LittleWeb):
    def pour(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        while not site.over.is_set():
            request.wfile.write(b"x" * 4_096)

    with pytest.raises(AnswerRefused):
        await fetch(site.put_answer("/", pour))


async def test_page_that_drips_or_hangs_is_given_up_in_time(site: LittleWeb):
    def drip(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        while not site.over.wait(0.1):
            request.wfile.write(b"x")

    for address in (site.hang("/hang"), site.put_answer("/drip", drip)):
        started = time.monotonic()
        with pytest.raises(NoAnswer):
            await fetch(address)
        assert time.monotonic() - started < 5


async def test_nobody_there(site: LittleWeb):
    [port] = free_ports(1)
    with pytest.raises(NoAnswer):
        await fetch(f"http://127.0.0.1:{port}/")
    with pytest.raises(NoAnswer):
        await fetch(f"https://127.0.0.1:{site.port}/")
