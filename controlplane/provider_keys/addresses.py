"""Finds out where a provider's host really is, and refuses whatever lies inside our own networks."""

import asyncio
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from django.conf import settings

Address = IPv4Address | IPv6Address

# Prefixes of IPv6 in which an IPv4 address is wrapped: translated, mapped to, or tunnelled.
WRAPPING = tuple(
    ip_network(prefix) for prefix in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")
)


class AddressRefused(Exception):
    """The host lies where users' requests must not go."""


async def resolve(host: str, port: int) -> str:
    """Look a host up, once, and give the address to connect to.

    Raises AddressRefused when any of its addresses is not a public one, OSError when it has none.
    """
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise AddressRefused(host) from error
    addresses = [ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    if not addresses or not all(may_be_asked(address) for address in addresses):
        raise AddressRefused(host)
    return str(addresses[0])


def may_be_asked(address: Address) -> bool:
    """Whether it is public, or in one of the networks that PROVIDER_PRIVATE_ADDRESSES lets in."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return may_be_asked(address.ipv4_mapped)
    if any(address in ip_network(network) for network in settings.PROVIDER_PRIVATE_ADDRESSES):
        return True
    if any(address in prefix for prefix in WRAPPING):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved)
