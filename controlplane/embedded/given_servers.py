"""Looks before a start whether the servers answer that the environment names in place of embedded ones."""

import asyncio
from collections.abc import Mapping
from urllib.parse import urlsplit

from controlplane.embedded.errors import GivenServerSilent

DEFAULT_PORTS = {"postgres": 5432, "postgresql": 5432, "redis": 6379, "rediss": 6379}
SECONDS = 3.0


async def check_given_servers(urls: Mapping[str, str]) -> None:
    """Connect once to each server, all at the same time; `urls` is by the variable that names it.

    Addresses that are no host and port (a socket file, several hosts) are left to the parts themselves.
    Raises GivenServerSilent naming every variable whose server does not answer, without its password.
    """
    answers = await asyncio.gather(*(_complaint(variable, url) for variable, url in urls.items()))
    if complaints := [answer for answer in answers if answer]:
        raise GivenServerSilent("\n".join(complaints))


async def _complaint(variable: str, url: str) -> str | None:
    address = _address(url)
    if address is None:
        return None
    host, port = address
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(host, port), SECONDS)
    except (OSError, TimeoutError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "no answer"
        return (
            f"{variable}: nobody answers at {host}:{port} ({reason}); "
            f"start that server, or unset {variable} to use the embedded one"
        )
    writer.close()
    await writer.wait_closed()
    return None


def _address(url: str) -> tuple[str, int] | None:
    parts = urlsplit(url)
    default = DEFAULT_PORTS.get(parts.scheme)
    try:
        host, port = parts.hostname, parts.port or default
    except ValueError:
        return None
    return (host, port) if host and port else None
