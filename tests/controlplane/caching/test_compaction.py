"""The cache's file: values that were deleted are out of it once it was written anew."""

import pytest
from redis.exceptions import ConnectionError as CannotConnect
from redis.exceptions import ResponseError

from controlplane.caching import compaction


class Server:
    """Answers as told."""

    def __init__(self, answer: Exception | None) -> None:
        self.answer = answer

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *error: object) -> None:
        """Close."""

    def bgrewriteaof(self) -> None:
        if self.answer is not None:
            raise self.answer


@pytest.mark.parametrize(
    ("answer", "is_done"),
    [
        (None, True),
        (ResponseError("Background append only file rewriting already in progress"), False),
        (ResponseError("unknown command 'bgrewriteaof'"), True),
        (CannotConnect("away"), False),
    ],
    ids=["done", "under-way", "not-allowed", "away"],
)
def test_it_comes_back_only_where_that_helps(monkeypatch, answer, is_done):
    monkeypatch.setattr(compaction.Redis, "from_url", lambda *args, **kwargs: Server(answer))

    assert compaction.compact() is is_done
