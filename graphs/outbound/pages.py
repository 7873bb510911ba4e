"""Gets one page of the web: every hop checked, everything bounded, nothing sent but the question."""

import asyncio
import ssl
from dataclasses import dataclass, field
from typing import Final

import httpx

from graphs.outbound.addresses import Guard
from graphs.outbound.errors import AddressRefused, AnswerRefused, NoAnswer
from graphs.outbound.transport import GuardedTransport
from graphs.outbound.unpacking import TAKEN_ENCODINGS, read_bounded

LONGEST_ADDRESS: Final = 2_000
LARGEST_PORT: Final = 65_535
NAME: Final = "Threadplane (reads single pages on behalf of a user)"


@dataclass(frozen=True, kw_only=True)
class PageBounds:
    """How far the fetching of a page may go."""

    # For everything together: look-ups, connections, redirects, and a body that comes in drops.
    seconds: float = 20.0
    silent_seconds: float = 10.0
    connect_seconds: float = 5.0
    most_bytes: int = 2_000_000
    most_redirects: int = 5


@dataclass(frozen=True, kw_only=True)
class Page:
    """What came back, whatever its status, and from where in the end."""

    address: str
    status: int
    content_type: str
    body: bytes = field(repr=False)


class Fetcher:
    """Fetches pages within bounds. Reading the trusted certificates takes a while: one serves all fetches."""

    def __init__(self, guard: Guard, bounds: PageBounds | None = None, trust: ssl.SSLContext | None = None):
        """Without `trust` the usual certificates are trusted, read at the first fetch."""
        self._guard = guard
        self._bounds = bounds or PageBounds()
        self._trust = trust

    async def fetch(self, address: str) -> Page:
        """Get a page. Raises FetchFailed in words that may be shown."""
        url = read_address(address)
        try:
            async with asyncio.timeout(self._bounds.seconds):
                return await self._follow(url)
        except (TimeoutError, httpx.TimeoutException):
            raise NoAnswer("The page did not answer in time.") from None
        except (httpx.TransportError, OSError):
            raise NoAnswer("The page could not be reached, or broke off in the middle.") from None
        # What is left is about the address that a redirect names.
        except (httpx.HTTPError, httpx.InvalidURL, ValueError):
            raise AnswerRefused("The page leads on to something that is no address.") from None

    async def _follow(self, url: httpx.URL) -> Page:
        async with await self._client() as client:
            request = client.build_request("GET", url)
            for _hop in range(self._bounds.most_redirects + 1):
                response = await client.send(request, stream=True)
                try:
                    if response.next_request is None:
                        return await self._read(response)
                finally:
                    await response.aclose()
                request = client.build_request("GET", _next_address(url, response.next_request.url))
                url = request.url
        raise AnswerRefused("The page leads on and on.")

    async def _client(self) -> httpx.AsyncClient:
        bounds = self._bounds
        if self._trust is None:
            self._trust = await asyncio.to_thread(httpx.create_ssl_context)
        # A kept connection would serve another name on the same address without its certificate.
        alone = httpx.Limits(max_keepalive_connections=0)
        inner = httpx.AsyncHTTPTransport(verify=self._trust, trust_env=False, limits=alone)
        return httpx.AsyncClient(
            transport=GuardedTransport(inner, self._guard),
            headers={"User-Agent": NAME, "Accept": "text/html, text/*;q=0.9, application/json;q=0.8"}
            | {"Accept-Encoding": TAKEN_ENCODINGS},
            timeout=httpx.Timeout(bounds.silent_seconds, connect=bounds.connect_seconds),
            follow_redirects=False,
            trust_env=False,
        )

    async def _read(self, response: httpx.Response) -> Page:
        body = await read_bounded(
            response.aiter_raw(),
            encoding=response.headers.get("Content-Encoding", ""),
            most_bytes=self._bounds.most_bytes,
        )
        return Page(
            address=str(response.request.url),
            status=response.status_code,
            content_type=response.headers.get("Content-Type", ""),
            body=body,
        )


def read_address(text: str) -> httpx.URL:
    """Read an address that somebody typed or a page named. Raises AddressRefused."""
    if len(text) > LONGEST_ADDRESS or not text.isprintable():
        raise AddressRefused("This address is too long, or not printable.")
    try:
        url = httpx.URL(text.strip())
    except (httpx.InvalidURL, ValueError):
        raise AddressRefused("This is not an address.") from None
    if url.scheme not in {"http", "https"} or not url.host:
        raise AddressRefused("Only whole addresses that begin with http:// or https:// can be read.")
    if url.userinfo or not (url.port is None or 0 < url.port <= LARGEST_PORT):
        raise AddressRefused("Addresses with a user name, or with no real port, are not read.")
    return url


def _next_address(url: httpx.URL, target: httpx.URL) -> httpx.URL:
    there = read_address(str(target))
    if url.scheme == "https" and there.scheme != "https":
        raise AddressRefused("The page leads from https to http, and is not followed there.")
    return there
