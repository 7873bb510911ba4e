"""The store is divided by its first label: users' own items, and the system's, which are closed to them."""

from collections.abc import Mapping
from typing import Any

from graphs.access.callers import Caller
from graphs.access.denial import denial

USERS = "users"


def check_namespace(caller: Caller, value: Mapping[str, Any]) -> None:
    """Let users into `("users", <their id>, …)` alone; raises 403. Searching needs that prefix too."""
    if caller.sees_everything:
        return
    namespace = tuple(value.get("namespace") or ())
    if namespace[:2] != (USERS, caller.owner):
        raise denial(403, "namespace_not_allowed", "This part of the store is not yours.")
