"""Threads belong to the owner in their metadata; users never change whose they are."""

from collections.abc import Mapping, MutableMapping
from typing import Any

from graphs import control_plane
from graphs.access.callers import Caller, Role, owner_filter
from graphs.access.denial import denial, from_control_plane, invalid
from graphs.control_plane import ClaimRequest
from graphs.errors import ControlPlaneRefused, ControlPlaneUnreachable

Filter = dict[str, Any] | None


async def claim_thread(caller: Caller, value: MutableMapping[str, Any]) -> Filter:
    """Ask the control plane for the id of a thread about to be made, and write its owner into it.

    The server's own check knows only the threads that it still has; raises the control plane's refusal.
    """
    owned = own_new_thread(caller, value)
    if caller.sees_everything:
        return owned
    try:
        await control_plane.claim(ClaimRequest(thread_id=value["thread_id"], user_id=caller.user_id))
    except (ControlPlaneRefused, ControlPlaneUnreachable) as error:
        raise from_control_plane(error) from error
    return owned


def own_new_thread(caller: Caller, value: MutableMapping[str, Any]) -> Filter:
    """Write the owner into a new thread's metadata, in place; raises 403 when another owner is named.

    A copy arrives without metadata and inherits its source's: the owner of a thread that the caller may read.
    """
    if caller.sees_everything:
        return None
    metadata = value.get("metadata")
    if metadata is None:
        metadata = value["metadata"] = {}
    _check_identity(caller, value.get("thread_id"), metadata)
    metadata["owner"] = caller.owner
    return owner_filter(caller)


def delete_thread(caller: Caller, value: Mapping[str, Any]) -> Filter:
    """Send users to the control plane to delete a thread, and refuse to delete single runs.

    Deleting needs a tombstone, an end of live runs and a settled bill before the thread may go. A run the
    server names to the checkpointer without its thread: within a thread of one's own, the checkpoints of
    anybody's run would go.
    """
    if not caller.sees_everything and value.get("run_id"):
        raise denial(403, "forbidden", "A single run cannot be deleted.")
    if caller.role is Role.USER:
        path = f"/api/v1/sessions/{value.get('thread_id', '{id}')}/"
        message = f"Delete the session instead: DELETE {path} at the control plane."
        details = {"method": "DELETE", "path": path}
        raise denial(403, "delete_through_api", message, extra={"details": details})
    return owner_filter(caller)


def change_thread(caller: Caller, value: Mapping[str, Any]) -> Filter:
    """Let a user relabel a thread or cancel its runs; editing its state is not offered.

    Only those two verbs carry metadata or an action; a state update carries neither.
    """
    if caller.role is Role.USER:
        if "metadata" not in value and value.get("action") is None:
            raise denial(403, "state_update_not_allowed", "The state of a thread cannot be edited.")
        metadata = value.get("metadata")
        if metadata:
            _check_identity(caller, value.get("thread_id"), metadata)
    return owner_filter(caller)


def _check_identity(caller: Caller, thread_id: object, metadata: MutableMapping[str, Any]) -> None:
    if metadata.get("owner", caller.owner) != caller.owner:
        raise denial(403, "foreign_owner", "A thread cannot be given to someone else.")
    if "session_id" in metadata and metadata["session_id"] != str(thread_id):
        raise invalid("metadata", "A thread's session is the thread itself.")
    # Its own is left out as well: every copy of the thread would inherit it.
    metadata.pop("session_id", None)
