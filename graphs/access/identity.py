"""Turns the headers of a request into the identity that the server attaches to it."""

from functools import cache
from uuid import UUID

from graphs.access.callers import STANDALONE_IDENTITY, Role, version_permission
from graphs.access.denial import Denial, denial
from graphs.access.headers import Headers, header
from graphs.access.neighbourhood import calls_this_machine
from graphs.access.tokens import AgentToken, BadToken, PublicKeys, verify_token
from graphs.access.user_states import UserStates
from graphs.errors import ControlPlaneRefused, ControlPlaneUnreachable
from graphs.settings import read_settings


async def identify(headers: Headers) -> dict[str, object]:
    """Return identity and role; raises 401 for a bad token and ControlPlaneUnreachable."""
    if read_settings().is_standalone:
        return _standalone(headers)
    scheme, _, token = header(headers, "authorization").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise _unauthorized("Send an agent token: Authorization: Bearer …")
    try:
        claims = await verify_token(token.strip(), _keys())
    except BadToken as error:
        raise _unauthorized(str(error)) from error
    if claims.role is Role.USER:
        await _check_account(claims)
    version = version_permission(claims.version) if claims.role is Role.USER else None
    return _identity(claims.subject, claims.role, version)


def _standalone(headers: Headers) -> dict[str, object]:
    """Let in whoever calls this machine by a loopback name: a page elsewhere cannot, by rebinding its own."""
    if not calls_this_machine(headers):
        raise _unauthorized("Without a control plane this server is for this machine only.")
    return _identity(STANDALONE_IDENTITY, Role.STANDALONE)


async def _check_account(token: AgentToken) -> None:
    try:
        state = await _states().find(UUID(token.subject))
    except ControlPlaneRefused as error:
        raise ControlPlaneUnreachable("The control plane does not answer this server.") from error
    if state is None or not state.is_active or token.version < state.token_version:
        raise _unauthorized("This account is signed out.")


def _identity(subject: str, role: Role, *more: str | None) -> dict[str, object]:
    # Everything here is copied into the run's stored arguments: ids and permissions, nothing else.
    permissions = [role.value, *filter(None, more)]
    return {"identity": subject, "permissions": permissions, "is_authenticated": True}


def _unauthorized(message: str) -> Denial:
    return denial(401, "unauthorized", message)


@cache
def _keys() -> PublicKeys:
    path = read_settings().agent_jwks_file
    if path is None:
        raise ControlPlaneUnreachable("No keys are configured.")
    return PublicKeys(path)


@cache
def _states() -> UserStates:
    return UserStates()
