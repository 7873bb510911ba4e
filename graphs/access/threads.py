"""Threads belong to the owner in their metadata; users never change whose they are."""

from collections.abc import Mapping, MutableMapping
from typing import Any

from graphs.access.callers import Caller, Role, owner_filter
from graphs.access.denial import denial, invalid

Filter = dict[str, Any] | None


def claim_thread(caller: Caller, value: MutableMapping[str, Any]) -> Filter:
    """Write the owner into a new thread's metadata, in place; raises 403 when another owner is named.

    A copy arrives without metadata: it inherits the owner of a thread that the caller may read.
    """
    if caller.sees_everything:
        return None
    metadata = value.get("metadata")
    if metadata is None:
        metadata = value["metadata"] = {}
    _check_identity(caller, value.get("thread_id"), metadata)
    metadata["owner"] = caller.owner
    return owner_filter(caller)


def change_thread(caller: Caller, value: Mapping[str, Any]) -> Filter:
    """Let a user relabel a thread or cancel its runs; editing its state is not offered.

    Only those two verbs carry metadata or an action; a state update carries neither.
    """
    if caller.role is Role.USER:
        if "metadata" not in value and value.get("action") is None:
            raise denial(403, "state_update_not_allowed", "The state of a thread cannot be edited.")
        _check_identity(caller, value.get("thread_id"), value.get("metadata") or {})
    return owner_filter(caller)


def _check_identity(caller: Caller, thread_id: object, metadata: Mapping[str, Any]) -> None:
    if metadata.get("owner", caller.owner) != caller.owner:
        raise denial(403, "foreign_owner", "A thread cannot be given to someone else.")
    if "session_id" in metadata and metadata["session_id"] != str(thread_id):
        raise invalid("metadata", "A thread's session is the thread itself.")
