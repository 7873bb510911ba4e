"""Who is near: whether a request was sent on this machine, by a program or by a page that may.

Loopback is what lets callers in without an account, and a browser on this machine carries the requests of any
page there: under the page's own name, rebound to this address, or as a form or a WebSocket, which ask first
for nothing.
"""

from urllib.parse import urlsplit

from graphs.access.headers import Headers, header
from graphs.settings import read_settings

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
STUDIO_PAGES = frozenset({"https://smith.langchain.com", "https://eu.smith.langchain.com"})


def calls_this_machine(headers: Headers) -> bool:
    """Whether the server is called by a loopback name."""
    return _names_loopback(header(headers, "host"))


def sent_by_a_stranger(headers: Headers) -> bool:
    """Whether a page sent this that is neither local, nor Studio's, nor named in `CORS_CONFIG`."""
    origin = header(headers, "origin")
    if not origin:
        return False
    pages = STUDIO_PAGES | set(read_settings().cors_config.allow_origins)
    return not pages & {origin, "*"} and not _is_local_page(origin)


def _is_local_page(origin: str) -> bool:
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and _names_loopback(parts.netloc)


def _names_loopback(host: str) -> bool:
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    return name in LOOPBACK_NAMES
