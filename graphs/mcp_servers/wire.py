"""HTTP to one MCP server: pinned to an address that was checked, bounded, and aware of a server that dies."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from functools import cache

import httpx

from graphs.mcp_servers.addresses import resolve

LARGEST_ANSWER = 5_000_000
CONNECT_SECONDS = 5.0
GOODBYE_SECONDS = 2.0
# What a server that was cut off gets to hand the rest over on another connection.
RESUME_SECONDS = 3.0


class Line:
    """Whether the server is still there: the client library waits on when a stream breaks for good."""

    def __init__(self) -> None:
        """All is well."""
        self._broken = asyncio.Event()
        self._gone = asyncio.Event()

    def broke(self) -> None:
        """Note that an answer ended in the middle."""
        self._broken.set()

    def cut(self) -> None:
        """Note that nobody takes connections."""
        self._gone.set()

    async def lost(self) -> None:
        """Wait until the server is gone."""
        gone = asyncio.create_task(self._gone.wait())
        try:
            broken = asyncio.create_task(self._broken.wait())
            await asyncio.wait({gone, broken}, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait({gone}, timeout=RESUME_SECONDS)
        finally:
            gone.cancel()
            broken.cancel()


class GuardedTransport(httpx.AsyncBaseTransport):
    """Sends to checked addresses alone, takes unpacked answers of bounded size."""

    def __init__(self, line: Line, *, private_networks: Sequence[str], trust: ssl.SSLContext) -> None:
        """Connect to nothing yet."""
        self._line = line
        self._private_networks = private_networks
        self._inner = httpx.AsyncHTTPTransport(verify=trust, trust_env=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send it. Raises httpx.TransportError."""
        try:
            response = await self._inner.handle_async_request(await self._pinned(request))
        except (httpx.ConnectError, httpx.ConnectTimeout):
            self._line.cut()
            raise
        if response.headers.get("content-encoding", "identity") != "identity":
            await response.aclose()
            raise httpx.DecodingError("The answer is packed, which was not asked for.")
        on_break = self._line.broke if request.method == "POST" else None
        response.stream = _Bounded(response.stream, on_break)  # type: ignore[arg-type]  # it is asynchronous
        return response

    async def _pinned(self, request: httpx.Request) -> httpx.Request:
        url = request.url
        port = url.port or (443 if url.scheme == "https" else 80)
        address = await resolve(url.host, port, private_networks=self._private_networks)
        extensions = {**request.extensions, "sni_hostname": url.host}
        if request.method == "DELETE":
            # The goodbye; a server that hangs is not waited for.
            extensions["timeout"] = httpx.Timeout(GOODBYE_SECONDS).as_dict()
        return httpx.Request(
            request.method,
            url.copy_with(host=address),
            headers=request.headers,
            stream=request.stream,
            extensions=extensions,
        )

    async def aclose(self) -> None:
        """Close all connections."""
        await self._inner.aclose()


class _Bounded(httpx.AsyncByteStream):
    def __init__(self, inner: httpx.AsyncByteStream, on_break: object) -> None:
        self._inner = inner
        self._on_break = on_break

    async def __aiter__(self) -> AsyncIterator[bytes]:
        received = 0
        try:
            async for piece in self._inner:
                received += len(piece)
                if received > LARGEST_ANSWER:
                    raise httpx.ReadError("The answer is too large.")
                yield piece
        except httpx.TransportError:
            if callable(self._on_break):
                self._on_break()
            raise

    async def aclose(self) -> None:
        await self._inner.aclose()


async def connect(
    line: Line, *, headers: dict[str, str], private_networks: Sequence[str], seconds: float
) -> httpx.AsyncClient:
    """Make a client for one session; its caller closes it."""
    # Reading the certificates from disk takes a while, and this is the loop that all runs share.
    trust = await asyncio.to_thread(_trust)
    return httpx.AsyncClient(
        transport=GuardedTransport(line, private_networks=private_networks, trust=trust),
        headers={**headers, "Accept-Encoding": "identity"},
        timeout=httpx.Timeout(seconds, connect=min(CONNECT_SECONDS, seconds)),
        trust_env=False,
    )


@cache
def _trust() -> ssl.SSLContext:
    return httpx.create_ssl_context()
