"""Reads one header of a request, in every form in which servers hand headers over."""

from collections.abc import Iterable, Mapping

Headers = Mapping[str, str] | Mapping[bytes, bytes] | Iterable[tuple[bytes, bytes]]


def header(headers: Headers, name: str) -> str:
    """Return a header's last value, whether the server hands text or bytes; empty when missing."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    value = {_text(key).lower(): entry for key, entry in pairs}.get(name, "")
    return _text(value)


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
