"""Finds out where a host really is, and refuses whatever lies inside our own networks."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

from controlplane.outbound.errors import AddressRefused

Address = IPv4Address | IPv6Address
Resolver = Callable[[str, int], Awaitable[Sequence[str]]]

# Prefixes of IPv6 in which an IPv4 address is wrapped: translated, compatible with, or tunnelled.
WRAPPING: Final = tuple(
    ip_network(prefix) for prefix in ("64:ff9b::/96", "64:ff9b:1::/48", "::/96", "2002::/16", "2001::/32")
)


async def look_up(host: str, port: int) -> Sequence[str]:
    """Ask the system's resolver, which also reads addresses written as one number. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]).partition("%")[0] for entry in found]


async def resolve(host: str, port: int, *, private: Sequence[str] = (), resolver: Resolver = look_up) -> str:
    """Look a host up, once, and give the address to connect to.

    Raises AddressRefused when any of its addresses is neither public nor in one of the `private` networks
    that are let in, OSError when it has none.
    """
    try:
        addresses = [ip_address(one) for one in await resolver(host, port)]
    except UnicodeError:
        raise AddressRefused(host) from None
    if not addresses or not all(may_be_asked(address, private=private) for address in addresses):
        raise AddressRefused(host)
    return str(addresses[0])


def may_be_asked(address: Address, *, private: Sequence[str] = ()) -> bool:
    """Whether it is public, or in one of the private networks that are let in."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return may_be_asked(address.ipv4_mapped, private=private)
    if any(address in ip_network(network) for network in private):
        return True
    if any(address in prefix for prefix in WRAPPING):
        return False
    # The forerunner of private ranges, which counts as public.
    is_site_local = isinstance(address, IPv6Address) and address.is_site_local
    return address.is_global and not (address.is_multicast or address.is_reserved or is_site_local)
