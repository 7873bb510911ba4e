"""Reads an answer piece by piece, and stops before it takes more room than granted, packed or unpacked."""

import zlib
from collections.abc import AsyncIterator
from typing import Final, Protocol

from graphs.outbound.errors import AnswerRefused

TAKEN_ENCODINGS: Final = "gzip, deflate"
TOO_LONG: Final = "The page is longer than what is read."
UNREADABLE: Final = "The page is packed in a way that cannot be read."
_GZIP_OR_ZLIB: Final = zlib.MAX_WBITS | 32


class Unpacker(Protocol):
    """Unpacks piece by piece."""

    def unpack(self, piece: bytes, room: int) -> bytes:
        """Give what a piece holds, `room` bytes at most. Raises AnswerRefused where it holds more."""


class Plain:
    """What is not packed."""

    def unpack(self, piece: bytes, room: int) -> bytes:
        """Give the piece itself."""
        if len(piece) > room:
            raise AnswerRefused(TOO_LONG)
        return piece


class Deflated:
    """What is packed by gzip or zlib. Told how much it may give, it never makes more of a small piece."""

    def __init__(self) -> None:
        """Begin with nothing read."""
        self._stream = zlib.decompressobj(_GZIP_OR_ZLIB)

    def unpack(self, piece: bytes, room: int) -> bytes:
        """Give what a piece holds."""
        try:
            # A byte more than there is room for tells whether there is more; 0 would mean no bound.
            given = self._stream.decompress(piece, room + 1)
        except zlib.error:
            raise AnswerRefused(UNREADABLE) from None
        if len(given) > room:
            raise AnswerRefused(TOO_LONG)
        return given


async def read_bounded(pieces: AsyncIterator[bytes], *, encoding: str, most_bytes: int) -> bytes:
    """Read a whole body of at most `most_bytes`, on the way and unpacked. Raises AnswerRefused."""
    unpacker = _unpacker(encoding)
    body, received = bytearray(), 0
    async for piece in pieces:
        received += len(piece)
        if received > most_bytes:
            raise AnswerRefused(TOO_LONG)
        body += unpacker.unpack(piece, most_bytes - len(body))
    return bytes(body)


def _unpacker(encoding: str) -> Unpacker:
    match encoding.strip().lower():
        case "" | "identity":
            return Plain()
        case "gzip" | "x-gzip" | "deflate":
            return Deflated()
        case _:
            raise AnswerRefused(UNREADABLE)
