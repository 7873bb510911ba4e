"""Fetches what somebody typed the address of: each hop is checked, pinned to what was checked, bounded."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import httpx
from django.views.decorators.debug import sensitive_variables

from controlplane.outbound.addresses import Resolver, look_up, resolve
from controlplane.outbound.errors import (
    AddressRefused,
    AnswerRefused,
    NotConnected,
    OutboundError,
    TimedOut,
    TooManyRedirects,
    Unreachable,
)

LONGEST_ADDRESS: Final = 2_000
LARGEST_PORT: Final = 65_535
MOST_HEADER_SECONDS: Final = 5.0
# What proves who asks goes to whom it was meant for, and to nobody that they point at.
_OF_ORIGIN: Final = ("authorization", "cookie", "proxy-authorization", "x-api-key")
_LEADS_ON: Final = (301, 302, 303, 307, 308)
_AS_GET: Final = (301, 302, 303)


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """How far a fetch may go; the defaults are for addresses that nobody vouches for."""

    private_networks: Sequence[str] = ()
    is_plain_http_allowed: bool = False
    most_redirects: int = 0
    # For everything together: looking hosts up, connecting, and an answer that comes in drops.
    seconds: float = 10.0
    # How long it may stay silent, before the answer and in it.
    silent_seconds: float = MOST_HEADER_SECONDS
    largest_answer: int = 2_000_000


@dataclass(frozen=True, kw_only=True)
class Errand:
    """What is asked for; headers may hold secrets, and so nothing of it is shown."""

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    content: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back, whatever its status, from where the last redirect led."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@sensitive_variables("errand")
async def fetch(errand: Errand, *, bounds: Bounds, resolver: Resolver = look_up) -> Answer:
    """Fetch within the bounds. Raises OutboundError, which says why and holds nothing of the request."""
    # The client's errors hold the request: none of them leaves this function.
    try:
        async with asyncio.timeout(bounds.seconds):
            return await _follow(errand, bounds, resolver)
    except OutboundError:
        raise
    except (TimeoutError, httpx.TimeoutException):
        raise TimedOut from None
    except (httpx.ConnectError, OSError):
        raise NotConnected from None
    except (httpx.HTTPError, httpx.InvalidURL):
        raise Unreachable from None


def check_address(url: str, *, bounds: Bounds) -> httpx.URL:
    """Read an address that was typed; where it leads is looked up by `fetch`. Raises AddressRefused."""
    if len(url) > LONGEST_ADDRESS or not url.isprintable():
        raise AddressRefused("too long, or not printable")
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        raise AddressRefused("no address") from None
    allowed = ("https", "http") if bounds.is_plain_http_allowed else ("https",)
    is_port = parsed.port is None or 0 < parsed.port <= LARGEST_PORT
    if parsed.scheme not in allowed or not parsed.host or parsed.userinfo or not is_port:
        raise AddressRefused("not an address that may be asked")
    return parsed


async def _follow(errand: Errand, bounds: Bounds, resolver: Resolver) -> Answer:
    # Reading the certificates from disk takes a while, and this is the loop that all requests share.
    trust = await asyncio.to_thread(httpx.create_ssl_context)
    waits = httpx.Timeout(
        min(bounds.silent_seconds, bounds.seconds), connect=min(MOST_HEADER_SECONDS, bounds.seconds)
    )
    url = check_address(errand.url, bounds=bounds)
    async with httpx.AsyncClient(
        timeout=waits, follow_redirects=False, trust_env=False, verify=trust
    ) as client:
        for _hop in range(bounds.most_redirects + 1):
            answer = await _ask(client, url, errand, bounds, resolver)
            target = answer.headers.get("location")
            if answer.status not in _LEADS_ON or target is None or not bounds.most_redirects:
                return answer
            url, errand = _next(url, target, answer.status, errand, bounds)
    raise TooManyRedirects


async def _ask(
    client: httpx.AsyncClient, url: httpx.URL, errand: Errand, bounds: Bounds, resolver: Resolver
) -> Answer:
    port = url.port or (443 if url.scheme == "https" else 80)
    # Connects to the address that was checked: a second look-up could find another one.
    address = await resolve(url.host, port, private=bounds.private_networks, resolver=resolver)
    headers = {
        **errand.headers,
        "Host": url.netloc.decode("ascii"),
        # What is packed could be any size once it is unpacked.
        "Accept-Encoding": "identity",
    }
    async with client.stream(
        errand.method,
        url.copy_with(host=address),
        headers=headers,
        content=errand.content or None,
        extensions={"sni_hostname": url.host},
    ) as response:
        body = await _read(response, bounds.largest_answer)
        return Answer(url=str(url), status=response.status_code, headers=response.headers, body=body)


async def _read(response: httpx.Response, largest: int) -> bytes:
    body = bytearray()
    async for piece in response.aiter_raw():
        body += piece
        if len(body) > largest:
            raise AnswerRefused
    return bytes(body)


def _next(
    url: httpx.URL, target: str, status: int, errand: Errand, bounds: Bounds
) -> tuple[httpx.URL, Errand]:
    try:
        there = check_address(str(url.join(target)), bounds=bounds)
    except (httpx.InvalidURL, ValueError):
        raise AddressRefused("a redirect to no address") from None
    if url.scheme == "https" and there.scheme != "https":
        raise AddressRefused("a redirect that gives up encryption")
    headers = dict(errand.headers)
    if (there.scheme, there.host, there.port) != (url.scheme, url.host, url.port):
        headers = {name: value for name, value in headers.items() if name.lower() not in _OF_ORIGIN}
    if status in _AS_GET and errand.method not in {"GET", "HEAD"}:
        return there, Errand(url=str(there), headers=headers)
    return there, Errand(url=str(there), method=errand.method, headers=headers, content=errand.content)
