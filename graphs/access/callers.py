"""Who is calling: the roles, and how one is read from the server's auth context."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from langgraph_sdk import Auth
from langgraph_sdk.auth.types import StudioUser

from graphs.access.denial import denial
from graphs.settings import read_settings

VERSION_MARK = "token-version:"
STUDIO_OWNER = "studio"
STANDALONE_IDENTITY = "standalone"


class Role(StrEnum):
    """What a caller is; carried as the first permission of an authenticated user."""

    USER = "user"
    SERVICE = "service"
    STUDIO = "studio"
    STANDALONE = "standalone"


@dataclass(frozen=True)
class Caller:
    """One authenticated caller. `owner` is what its threads carry in their metadata.

    `token_version` is the one of a user's token: what starts something is judged by it anew.
    """

    role: Role
    owner: str
    token_version: int | None = None

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
    return Caller(
        role=Role(ctx.permissions[0]),
        owner=ctx.user.identity,
        token_version=_version_among(ctx.permissions),
    )


def version_permission(version: int) -> str:
    """Write a token's version as a permission, the one list that every server of this protocol hands on."""
    return f"{VERSION_MARK}{version}"


def _version_among(permissions: Sequence[str]) -> int | None:
    marked = (entry for entry in permissions if entry.startswith(VERSION_MARK))
    found = next(marked, None)
    return None if found is None else int(found.removeprefix(VERSION_MARK))


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
