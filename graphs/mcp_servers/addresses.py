"""Finds out where an MCP server really is, and refuses whatever lies inside the operator's own networks."""

import asyncio
import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import httpx

Address = IPv4Address | IPv6Address

# Prefixes of IPv6 in which an IPv4 address is wrapped: translated, compatible with, or tunnelled.
WRAPPING = tuple(
    ip_network(prefix) for prefix in ("64:ff9b::/96", "64:ff9b:1::/48", "::/96", "2002::/16", "2001::/32")
)


class AddressRefused(httpx.ConnectError):
    """The host is not where calls may go."""


async def resolve(host: str, port: int, *, private_networks: Sequence[str]) -> str:
    """Look a host up and give the address to connect to. Raises AddressRefused, httpx.ConnectError."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise httpx.ConnectError("The host has no address.") from None
    addresses = [ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    if not addresses or not all(may_be_asked(one, private_networks=private_networks) for one in addresses):
        raise AddressRefused("The host may not be asked.")
    return str(addresses[0])


def may_be_asked(address: Address, *, private_networks: Sequence[str]) -> bool:
    """Whether it is public, or in one of the private networks that are let in."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return may_be_asked(address.ipv4_mapped, private_networks=private_networks)
    if any(address in ip_network(network) for network in private_networks):
        return True
    if any(address in prefix for prefix in WRAPPING):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved)
