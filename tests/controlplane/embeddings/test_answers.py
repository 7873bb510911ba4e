"""Only an answer with one good vector for each text is taken."""

import json

import pytest

from controlplane.embeddings.answers import Unreadable, read_answer


def answer(*vectors: object, **further: object) -> bytes:
    data = [{"index": index, "embedding": vector} for index, vector in enumerate(vectors)]
    return json.dumps({"data": data, **further}).encode()


def test_whole_numbers_are_numbers():
    assert read_answer(answer([1, 2.5]), count=1).vectors == [[1.0, 2.5]]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b'{"data": 1}',
        b'{"data": [{"index": 0}]}',
        b"[" * 100_000,
        answer([1.0]),
        answer([1.0], [1.0, 2.0]),
        answer([1.0], []),
        answer([1.0], "AAAA"),
        answer([1.0], [True]),
        answer([1.0], [None]),
        answer([1.0], [float("nan")]),
        answer([1.0], [10**400]),
        b'{"data": [{"index": 0, "embedding": [1]}, {"index": 0, "embedding": [1]}]}',
    ],
)
def test_anything_else_is_refused(body):
    with pytest.raises(Unreadable):
        read_answer(body, count=2)


@pytest.mark.parametrize("usage", [None, 1, {}, {"prompt_tokens": -1}, {"prompt_tokens": "7"}])
def test_usage_that_is_no_figure_is_none(usage):
    assert read_answer(answer([1.0], usage=usage), count=1).prompt_tokens is None
