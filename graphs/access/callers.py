"""Who is calling: the roles, and how one is read from the server's auth context."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from langgraph_sdk import Auth
from langgraph_sdk.auth.types import StudioUser

from graphs.access.denial import denial
from graphs.settings import read_settings

STUDIO_OWNER = "studio"
STANDALONE_IDENTITY = "standalone"


class Role(StrEnum):
    """What a caller is; carried as the only permission of an authenticated user."""

    USER = "user"
    SERVICE = "service"
    STUDIO = "studio"
    STANDALONE = "standalone"


@dataclass(frozen=True)
class Caller:
    """One authenticated caller. `owner` is what its threads carry in their metadata."""

    role: Role
    owner: str

    @property
    def sees_everything(self) -> bool:
        """Whether no filter applies: the control plane itself, and a server without accounts."""
        return self.role in (Role.SERVICE, Role.STANDALONE)

    @property
    def user_id(self) -> UUID | None:
        """The account behind the caller, if it is one."""
        return UUID(self.owner) if self.role is Role.USER else None


def caller_of(ctx: Auth.types.AuthContext) -> Caller:
    """Read the caller; raises 403 for LangGraph Studio unless the operator let it in."""
    if isinstance(ctx.user, StudioUser):
        return _studio()
    return Caller(role=Role(ctx.permissions[0]), owner=ctx.user.identity)


def _studio() -> Caller:
    settings = read_settings()
    if settings.is_standalone:
        return Caller(role=Role.STANDALONE, owner=STANDALONE_IDENTITY)
    if settings.allow_studio_user:
        return Caller(role=Role.STUDIO, owner=STUDIO_OWNER)
    raise denial(403, "studio_not_allowed", "LangGraph Studio is not allowed on this server.")


def owner_filter(caller: Caller) -> dict[str, Any] | None:
    """Return the metadata filter that keeps a caller to its own threads; None keeps nothing back."""
    return None if caller.sees_everything else {"owner": caller.owner}
