"""Sends each request to the address that was checked for it, whatever a second look-up would say."""

from typing import Final

import httpx

from graphs.outbound.addresses import Guard
from graphs.outbound.errors import AddressRefused

_PORTS: Final = {"http": 80, "https": 443}


class GuardedTransport(httpx.AsyncBaseTransport):
    """A transport that looks hosts up itself; certificates are still held against the host's name."""

    def __init__(self, inner: httpx.AsyncBaseTransport, guard: Guard) -> None:
        """Guard what goes through another transport, which must not keep connections for later."""
        self._inner = inner
        self._guard = guard

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Resolve, check, connect. Raises AddressRefused, NoAnswer, and httpx's own errors."""
        url = request.url
        if url.scheme not in _PORTS:
            raise AddressRefused("Only addresses with http and https can be read.")
        place = await self._guard.place_of(url.host, url.port or _PORTS[url.scheme])
        # The Host header was made from the name and stays.
        request.url = url.copy_with(host=place)
        request.extensions = {**request.extensions, "sni_hostname": url.host}
        response = await self._inner.handle_async_request(request)
        request.url = url
        return response

    async def aclose(self) -> None:
        """Close the transport behind it."""
        await self._inner.aclose()
