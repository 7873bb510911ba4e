"""Opens sessions with MCP servers to ask for their tools: pinned to checked addresses, bounded in size."""

import asyncio
import logging
import subprocess
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final, TextIO, cast

import httpx
from django.conf import settings
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client

from controlplane.outbound.addresses import resolve
from controlplane.outbound.errors import AddressRefused
from controlplane.tools.mcp.errors import DiscoveryFailed
from controlplane.tools.mcp.headers import open_headers
from controlplane.tools.models import McpServer
from controlplane.vault.box import Unreadable

LARGEST_ANSWER: Final = 5_000_000
GOODBYE_SECONDS: Final = 2.0
# What such a process writes to its error output may hold what it was given.
NOWHERE: Final = cast("TextIO", subprocess.DEVNULL)


@asynccontextmanager
async def session(server: McpServer, *, seconds: float) -> AsyncIterator[ClientSession]:
    """Open an initialized session, and leave nothing of it behind. Raises what the libraries raise."""
    # Their words quote what servers send.
    logging.getLogger("mcp.client").setLevel(logging.CRITICAL)
    async with AsyncExitStack() as stack:
        if server.transport == McpServer.Transport.STDIO:
            read, write = await stack.enter_async_context(stdio_client(_program(server), errlog=NOWHERE))
        else:
            client = await stack.enter_async_context(await _client(server, seconds=seconds))
            read, write, _ = await stack.enter_async_context(
                streamable_http_client(server.url, http_client=client)
            )
        opened = await stack.enter_async_context(ClientSession(read, write))
        await opened.initialize()
        yield opened


def _program(server: McpServer) -> StdioServerParameters:
    program = settings.MCP_STDIO_SERVERS.get(server.slug)
    if program is None:
        raise DiscoveryFailed("not_configured")
    return StdioServerParameters(
        command=program.command,
        args=list(program.args),
        env={name: value.get_secret_value() for name, value in program.env.items()},
    )


async def _client(server: McpServer, *, seconds: float) -> httpx.AsyncClient:
    try:
        headers = open_headers(server)
    except Unreadable:
        raise DiscoveryFailed("headers_unreadable") from None
    trust = await asyncio.to_thread(httpx.create_ssl_context)
    return httpx.AsyncClient(
        transport=_Guarded(httpx.AsyncHTTPTransport(verify=trust, trust_env=False)),
        headers={**headers, "Accept-Encoding": "identity"},
        timeout=httpx.Timeout(seconds, connect=min(5.0, seconds)),
        trust_env=False,
    )


class _Guarded(httpx.AsyncBaseTransport):
    def __init__(self, inner: httpx.AsyncHTTPTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(await _pinned(request))
        if response.headers.get("content-encoding", "identity") != "identity":
            await response.aclose()
            raise httpx.DecodingError("The answer is packed, which was not asked for.")
        response.stream = _Bounded(cast("httpx.AsyncByteStream", response.stream))
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


class _Bounded(httpx.AsyncByteStream):
    def __init__(self, inner: httpx.AsyncByteStream) -> None:
        self._inner = inner

    async def __aiter__(self) -> AsyncIterator[bytes]:
        received = 0
        async for piece in self._inner:
            received += len(piece)
            if received > LARGEST_ANSWER:
                raise httpx.ReadError("The answer is too large.")
            yield piece

    async def aclose(self) -> None:
        await self._inner.aclose()


async def _pinned(request: httpx.Request) -> httpx.Request:
    """Send it to the address that was checked: a second look-up could find another one."""
    url = request.url
    port = url.port or (443 if url.scheme == "https" else 80)
    try:
        address = await resolve(url.host, port, private=settings.MCP_PRIVATE_ADDRESSES)
    except AddressRefused:
        raise DiscoveryFailed("address_refused") from None
    extensions = {**request.extensions, "sni_hostname": url.host}
    if request.method == "DELETE":
        extensions["timeout"] = httpx.Timeout(GOODBYE_SECONDS).as_dict()
    return httpx.Request(
        request.method,
        url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions=extensions,
    )
