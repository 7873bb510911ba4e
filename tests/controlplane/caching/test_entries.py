"""Copies in the cache: used while their version is asked for, and never in the way when the cache is gone."""

import socket
import time
import uuid

import pytest
from django.core.cache import cache

from controlplane.caching import entries
from controlplane.caching.entries import VersionedEntries


@pytest.fixture
def copies() -> VersionedEntries[str]:
    """Entries that no other test has."""
    return VersionedEntries(prefix=f"test_{uuid.uuid4().hex}", seconds=60)


@pytest.fixture
def dead_cache(settings) -> None:
    """A cache at an address where nobody listens."""
    settings.CACHES = {
        **settings.CACHES,
        "default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:9/0"},
    }


def refuse() -> str:
    raise AssertionError("the source was asked")


def test_copy_is_used_while_its_version_is_asked_for(copies):
    assert copies.read("a", version=1, load=lambda: "one") == "one"
    assert copies.read("a", version=1, load=refuse) == "one"
    assert copies.read("a", version=2, load=lambda: "two") == "two"
    assert copies.read("a", version=2, load=refuse) == "two"


def test_nothing_is_a_value_like_any_other():
    copies: VersionedEntries[None] = VersionedEntries(prefix=f"test_{uuid.uuid4().hex}", seconds=60)

    assert copies.read("a", version=1, load=lambda: None) is None
    assert copies.read("a", version=1, load=refuse) is None


def test_keys_are_kept_apart(copies):
    copies.read("a", version=1, load=lambda: "a")

    assert copies.read("b", version=1, load=lambda: "b") == "b"
    assert copies.read("a", version=1, load=refuse) == "a"


def test_slow_reader_does_not_bring_back_what_was_before_a_change(copies):
    def slowly() -> str:
        # Another reader comes and goes with the new version while this one holds the old value.
        copies.read("a", version=2, load=lambda: "new")
        return "old"

    assert copies.read("a", version=1, load=slowly) == "old"
    assert copies.read("a", version=2, load=lambda: "new, read again") == "new, read again"


@pytest.mark.parametrize(
    "strange", ["text", {"value": "x"}, ["version", 1]], ids=["text", "no-version", "list"]
)
def test_what_somebody_else_put_there_is_passed_over(copies, strange):
    cache.set(copies.name_of("a"), strange)

    assert copies.read("a", version=1, load=lambda: "one") == "one"


def test_dead_cache_leaves_the_source(copies, dead_cache):
    assert [copies.read("a", version=1, load=lambda: "one") for _ in range(3)] == ["one"] * 3


def test_error_of_the_source_is_passed_on(copies):
    with pytest.raises(AssertionError, match="the source was asked"):
        copies.read("a", version=1, load=refuse)


def test_hanging_cache_is_waited_for_once(copies, settings):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        patience = {"socket_timeout": 0.2, "socket_connect_timeout": 0.2}
        settings.CACHES = {
            "default": {
                **settings.CACHES["default"],
                "LOCATION": f"redis://127.0.0.1:{listener.getsockname()[1]}/0",
                "OPTIONS": patience,
            }
        }
        began = time.monotonic()
        answers = [copies.read("a", version=1, load=lambda: "one") for _ in range(20)]
        took = time.monotonic() - began

    assert answers == ["one"] * 20
    assert took < 1.5


def test_cache_is_asked_again_after_a_while(copies, settings, monkeypatch):
    living = settings.CACHES
    now = time.monotonic()
    monkeypatch.setattr(entries.time, "monotonic", lambda: now)
    settings.CACHES = {"default": {**living["default"], "LOCATION": "redis://127.0.0.1:9/0"}}
    copies.read("a", version=1, load=lambda: "one")
    settings.CACHES = living
    copies.read("a", version=1, load=lambda: "one")
    assert cache.get(copies.name_of("a")) is None

    now += entries.SILENCE_SECONDS
    copies.read("a", version=1, load=lambda: "one")
    assert copies.read("a", version=1, load=refuse) == "one"
