"""What is packed takes no more room than was granted, also while it is unpacked."""

import tracemalloc
import zlib
from collections.abc import AsyncIterator

import pytest

from graphs.outbound.errors import AnswerRefused
from graphs.outbound.unpacking import read_bounded

BOMB = zlib.compress(bytes(20_000_000))


async def test_bomb_is_never_unpacked_whole():
    async def pieces() -> AsyncIterator[bytes]:
        yield BOMB

    tracemalloc.start()
    try:
        with pytest.raises(AnswerRefused):
            await read_bounded(pieces(), encoding="deflate", most_bytes=100_000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert len(BOMB) < 100_000
    assert peak < 2_000_000
