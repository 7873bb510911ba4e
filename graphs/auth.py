"""Identity and authorization of the Agent Server: everything is denied but what is named here."""

from collections.abc import MutableMapping
from typing import Any

from langgraph_sdk import Auth
from starlette.exceptions import HTTPException

from graphs.access.admission import admit_run
from graphs.access.callers import Role, caller_of, owner_filter
from graphs.access.denial import denial, from_control_plane
from graphs.access.identity import identify
from graphs.access.namespaces import check_namespace
from graphs.access.threads import Filter, change_thread, claim_thread, delete_thread
from graphs.errors import ControlPlaneUnreachable

Context = Auth.types.AuthContext
Value = MutableMapping[str, Any]

auth = Auth()


@auth.authenticate
async def authenticate(headers: dict[str, str]) -> dict[str, object]:
    """Say who sends these headers; 401 for a bad token, 503 when the control plane cannot vouch for it."""
    try:
        return await identify(headers)
    except ControlPlaneUnreachable as error:
        # The server turns the SDK's own exception into a 500 here, and hands Starlette's on.
        refusal = from_control_plane(error)
        raise HTTPException(refusal.status_code, refusal.detail) from error


@auth.on
async def deny_by_default(ctx: Context, value: Value) -> Filter:  # noqa: ARG001  # the server's signature
    """Leave what nobody named (crons, new verbs of later servers) to the control plane itself."""
    caller = caller_of(ctx)
    if not caller.sees_everything:
        raise denial(403, "forbidden", "This is not available.")
    return None


@auth.on(resources="assistants", actions=["read", "search"])
async def read_assistants(ctx: Context, value: Value) -> Filter:  # noqa: ARG001  # the server's signature
    """Let everybody see the assistants."""
    caller_of(ctx)
    return None


@auth.on(resources="assistants", actions=["create", "update", "delete"])
async def write_assistants(ctx: Context, value: Value) -> Filter:  # noqa: ARG001  # the server's signature
    """Keep assistants read-only for users; Studio's developer may arrange them."""
    if caller_of(ctx).role is Role.USER:
        raise denial(403, "forbidden", "Assistants are read-only.")
    return None


@auth.on(resources="threads", actions="create")
async def create_thread(ctx: Context, value: Value) -> Filter:
    """Make the caller the owner of a new thread, if the control plane knows no other."""
    return await claim_thread(caller_of(ctx), value)


@auth.on(resources="threads", actions="create_run")
async def create_run(ctx: Context, value: Value) -> Filter:
    """Ask for admission, whoever starts the run."""
    return await admit_run(caller_of(ctx), value)


@auth.on(resources="threads", actions=["read", "search"])
async def own_threads(ctx: Context, value: Value) -> Filter:  # noqa: ARG001  # the server's signature
    """Keep callers to their own threads."""
    return owner_filter(caller_of(ctx))


@auth.on(resources="threads", actions="delete")
async def remove_thread(ctx: Context, value: Value) -> Filter:
    """Keep users from deleting threads without a tombstone, and from deleting single runs."""
    return delete_thread(caller_of(ctx), value)


@auth.on(resources="threads", actions="update")
async def update_thread(ctx: Context, value: Value) -> Filter:
    """Let owners relabel a thread and cancel its runs."""
    return change_thread(caller_of(ctx), value)


@auth.on.store
async def use_store(ctx: Context, value: Value) -> None:
    """Keep users to their own namespace; no filter, the service reads usage records here."""
    check_namespace(caller_of(ctx), value)
