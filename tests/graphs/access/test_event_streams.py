"""Events of a run's stream have ids of their own, and a join tells each once."""

from typing import Any

import pytest
from langgraph_api.sse import json_to_sse
from langgraph_runtime_inmem import inmem_stream

from graphs.access.event_streams import EventIds, is_joined, tell_events_apart, without_repeats


def test_ids_in_one_millisecond_differ_and_grow():
    ids = EventIds(clock=lambda: 1_790_000_000.0)
    given = [ids.next() for _ in range(12)]
    assert given[:2] == ["1790000000000-0", "1790000000001-0"]
    assert given == sorted(set(given))


def test_a_clock_that_goes_back_is_not_followed():
    moments = iter([1_790_000_000.0, 1_789_999_999.0, 1_790_000_005.0])
    ids = EventIds(clock=lambda: next(moments))
    assert [ids.next() for _ in range(3)] == ["1790000000000-0", "1790000000001-0", "1790000005000-0"]


def test_the_runtime_names_its_events_so(monkeypatch):
    monkeypatch.setattr(inmem_stream, "_generate_ms_seq_id", lambda: "0-0")
    tell_events_apart()
    given = [inmem_stream._generate_ms_seq_id() for _ in range(50)]
    assert given == sorted(set(given))


async def test_an_event_that_was_sent_is_not_sent_again():
    sent: list[bytes] = []

    async def send(message: Any) -> None:
        sent.append(message["body"])

    once = without_repeats(send)
    first = json_to_sse(b"messages", {"text": "\nid: 2\n\n"}, b"1-0")
    second = json_to_sse(b"messages", {"text": "b"}, b"2-0")
    unnamed = json_to_sse(b"end", None)
    for body in (first, second, first, unnamed, second, unnamed):
        await once({"type": "http.response.body", "body": body, "more_body": True})
    await once({"type": "http.response.body", "body": b"", "more_body": False})
    assert sent == [first, second, unnamed, unnamed, b""]


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/threads/a/runs/b/stream", True),
        ("POST", "/threads/a/runs/stream", False),
        ("GET", "/threads/a/runs/b/join", False),
        ("GET", "/threads/a/stream", False),
    ],
)
def test_only_joins_are_looked_through(method, path, expected):
    assert is_joined({"method": method, "path": path}) is expected
