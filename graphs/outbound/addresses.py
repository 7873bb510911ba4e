"""Tells where a host is, and keeps requests away from everything that is not public."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from graphs.outbound.errors import AddressRefused, NoAnswer

Place = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Lookup = Callable[[str, int], Awaitable[Sequence[str]]]

USUAL_PORTS: Final = frozenset({80, 443, 8080, 8443})
NOT_PUBLIC: Final = "This address is not a public one and may not be read."

# Ranges of IPv6 that lead to an IPv4 address: by translation, by tunnel, or in its old notation.
_LEADING_ELSEWHERE: Final = tuple(
    map(ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "::/96", "2002::/16", "2001::/32"))
)


async def ask_system(host: str, port: int) -> Sequence[str]:
    """Look a host up as the system does it, in a thread. Raises OSError."""
    entries = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    # A scope names an interface of this machine: nothing that is public has one.
    return [str(sockaddr[0]).split("%", 1)[0] for *_, sockaddr in entries]


@dataclass(frozen=True, kw_only=True)
class Guard:
    """Who may be asked: what is public, on the usual ports, and the `private` networks on any port."""

    private: tuple[Network, ...] = ()
    lookup: Lookup = field(default=ask_system)

    async def place_of(self, host: str, port: int) -> str:
        """Look a host up once and give the address to connect to. Raises AddressRefused, NoAnswer.

        One address inside among several is enough for a refusal.
        """
        try:
            found = [ip_address(text) for text in await self.lookup(host, port)]
        except UnicodeError:
            raise AddressRefused("This is not the name of a host.") from None
        except OSError:
            raise NoAnswer("There is no host of this name, or it cannot be looked up now.") from None
        if not found or not all(self._lets(place, port) for place in found):
            raise AddressRefused(NOT_PUBLIC)
        return str(found[0])

    def _lets(self, place: Place, port: int) -> bool:
        plain = place.ipv4_mapped or place if isinstance(place, IPv6Address) else place
        if any(plain in network for network in self.private):
            return True
        return port in USUAL_PORTS and is_public(plain)


def is_public(place: Place) -> bool:
    """Whether anybody on the internet could be meant by it."""
    if isinstance(place, IPv6Address) and place.ipv4_mapped is not None:
        return is_public(place.ipv4_mapped)
    if any(place in network for network in _LEADING_ELSEWHERE):
        return False
    # Local to a site is what was private before there were private ranges of IPv6.
    is_old_private = isinstance(place, IPv6Address) and place.is_site_local
    return place.is_global and not (place.is_multicast or place.is_reserved or is_old_private)
