"""Two users and the service by fixed tokens, with the rules of the product's own auth module in small."""

import json
from typing import Any

from langgraph_sdk import Auth

from graphs.access.event_streams import tell_events_apart

# As the product's own server does: the runtime names two events of one millisecond alike.
tell_events_apart()
auth = Auth()

IDENTITIES = {"alice-token": "alice", "bob-token": "bob", "service-token": "controlplane"}
SERVICE = "controlplane"

REFUSALS: dict[str, tuple[int, Any]] = {
    "limit": (
        429,
        {
            "code": "limit_reached",
            "message": "The daily limit is used up.",
            "details": {"limit": 5, "used": 5, "remaining": 0, "resets_at": "2026-01-03T00:00:00Z"},
        },
    ),
    "deleted": (410, {"code": "thread_deleted", "message": "This conversation was deleted."}),
    "archived": (409, {"code": "session_archived", "message": "Restore it first."}),
    "inactive": (403, {"code": "user_inactive", "message": "The account is switched off."}),
    "invalid": (
        422,
        {"code": "validation_failed", "message": "No such model.", "fields": {"model": ["unknown"]}},
    ),
    "unreachable": (503, "control plane unreachable"),
}


@auth.authenticate
async def authenticate(headers: dict) -> str:
    scheme, _, token = headers.get(b"authorization", b"").decode().partition(" ")
    if scheme != "Bearer" or token not in IDENTITIES:
        raise Auth.exceptions.HTTPException(status_code=401, detail="unknown token")
    return IDENTITIES[token]


@auth.on
async def deny(ctx: Auth.types.AuthContext, value: dict) -> bool:
    return False


@auth.on.store
async def only_the_service(ctx: Auth.types.AuthContext, value: dict) -> bool:
    return ctx.user.identity == SERVICE


@auth.on.assistants.read
async def everybody(ctx: Auth.types.AuthContext, value: dict) -> bool:
    return True


@auth.on.threads.create
async def own(ctx: Auth.types.AuthContext, value: dict) -> dict[str, str] | bool:
    metadata = value.setdefault("metadata", {})
    if ctx.user.identity == SERVICE:
        # Its threads are whose it says.
        metadata.setdefault("owner", SERVICE)
        return True
    metadata["owner"] = ctx.user.identity
    return {"owner": ctx.user.identity}


@auth.on.threads
async def owned(ctx: Auth.types.AuthContext, value: dict) -> dict[str, str] | bool:
    return True if ctx.user.identity == SERVICE else {"owner": ctx.user.identity}


@auth.on.threads.create_run
async def admit(ctx: Auth.types.AuthContext, value: dict) -> dict[str, str] | bool:
    context = value["kwargs"].get("context") or {}
    status, detail = REFUSALS.get(str(context.get("model", "")).removeprefix("refuse:"), (200, None))
    if detail is not None:
        text = detail if isinstance(detail, str) else json.dumps(detail)
        raise Auth.exceptions.HTTPException(status_code=status, detail=text)
    value["metadata"]["owner"] = ctx.user.identity
    return True if ctx.user.identity == SERVICE else {"owner": ctx.user.identity}
