"""How headers are read."""

import pytest

from graphs.access.headers import Headers, header


@pytest.mark.parametrize(
    "headers",
    [{"Authorization": "x"}, {b"authorization": b"x"}, [(b"authorization", b"x")]],
    ids=["text", "bytes", "pairs"],
)
def test_headers_are_read_in_every_form(headers: Headers):
    assert header(headers, "authorization") == "x"
    assert not header(headers, "host")


def test_bytes_that_are_not_ascii_are_read_as_they_are():
    assert header([(b"authorization", "Bearer é".encode())], "authorization") == "Bearer Ã©"


def test_of_two_headers_the_last_one_counts():
    assert header([(b"authorization", b"first"), (b"authorization", b"last")], "authorization") == "last"
