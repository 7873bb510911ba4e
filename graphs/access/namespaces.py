"""The store is divided by its first label: users' own items, and the system's, which are closed to them."""

from collections.abc import Mapping
from typing import Any

from graphs.access.callers import Caller
from graphs.access.denial import denial, invalid
from graphs.null_characters import holds_null
from graphs.store_places import USERS, is_of_memories

MOST_ITEMS = 10_000


def check_namespace(caller: Caller, value: Mapping[str, Any]) -> None:
    """Let users into `("users", <their id>, …)` alone; raises 403. Searching needs that prefix too."""
    if caller.sees_everything:
        return
    namespace = tuple(value.get("namespace") or ())
    if namespace[:2] != (USERS, caller.owner):
        raise denial(403, "namespace_not_allowed", "This part of the store is not yours.")
    _check_values(value)
    _check_memories(namespace, value)


def _check_memories(namespace: tuple[str, ...], value: Mapping[str, Any]) -> None:
    """Leave memories to the agent: what it keeps and finds by meaning is paid for within a run."""
    if value.get("query"):
        raise invalid("query", "Finding by meaning is the agent's: have it recall.")
    # Only what is put has a value.
    if "value" in value and is_of_memories(namespace):
        raise denial(403, "memories_not_writable", "Memories are written by the agent. You may delete them.")


def _check_values(value: Mapping[str, Any]) -> None:
    """Refuse with 422 what the store itself would fail on."""
    for name, given in value.items():
        if holds_null(given):
            raise invalid(name, "Null characters cannot be stored.")
    for name in ("limit", "offset", "max_depth"):
        number = value.get(name)
        if number is not None and not (isinstance(number, int) and 0 <= number <= MOST_ITEMS):
            raise invalid(name, f"Send a whole number between 0 and {MOST_ITEMS}.")
