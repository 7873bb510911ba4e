"""Verifies agent tokens offline against the control plane's published keys."""

import asyncio
import json
import time
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import jwt
import structlog

from graphs.access.callers import Role

ISSUER = "threadplane"
AUDIENCE = "langgraph"
SERVICE_SUBJECT = "controlplane"
REQUIRED_CLAIMS = ["iss", "aud", "sub", "iat", "exp", "jti", "role", "ver"]
CLOCK_SKEW_SECONDS = 2
KEY_CHECK_SECONDS = 5.0

logger = structlog.get_logger(__name__)


class BadToken(Exception):
    """The token is not to be trusted; the message may be shown."""


@dataclass(frozen=True)
class AgentToken:
    """The claims that matter once a token is verified."""

    subject: str
    role: Role
    version: int


class PublicKeys:
    """The key set in a file, read again when the file changed."""

    def __init__(self, path: Path) -> None:
        """Remember the path; the file is read at the first question."""
        self._path = path
        self._keys: dict[str, jwt.PyJWK] = {}
        self._stamp: tuple[int, int, int] | None = None
        self._checked_at = float("-inf")

    async def find(self, key_id: str) -> jwt.PyJWK | None:
        """Return the key, looking at the file at once for an unknown id and every few seconds otherwise."""
        is_fresh = time.monotonic() - self._checked_at < KEY_CHECK_SECONDS
        if not (is_fresh and key_id in self._keys):
            await asyncio.to_thread(self._refresh)
        return self._keys.get(key_id)

    def _refresh(self) -> None:
        try:
            state = self._path.stat()
            stamp = (state.st_mtime_ns, state.st_size, state.st_ino)
            if stamp != self._stamp:
                self._keys = _parse(self._path.read_text())
                self._stamp = stamp
        except (OSError, ValueError, KeyError, TypeError, jwt.PyJWTError) as error:
            # A file caught in the middle of a change must not sign everybody out.
            logger.warning("agent_keys_unreadable", reason=type(error).__name__)
        self._checked_at = time.monotonic()


def _parse(text: str) -> dict[str, jwt.PyJWK]:
    """Keep elliptic-curve keys by their id, so that no other algorithm can slip in."""
    entries = json.loads(text)["keys"]
    return {
        entry["kid"]: jwt.PyJWK(entry, algorithm="ES256") for entry in entries if entry.get("kty") == "EC"
    }


async def verify_token(token: str, keys: PublicKeys) -> AgentToken:
    """Check signature, audience, issuer, times and shape; raises BadToken."""
    try:
        key_id = jwt.get_unverified_header(token).get("kid", "")
        key = await keys.find(key_id)
        if key is None:
            raise BadToken("The token was signed with an unknown key.")
        claims = jwt.decode(
            token,
            key,
            algorithms=["ES256"],
            audience=AUDIENCE,
            issuer=ISSUER,
            leeway=CLOCK_SKEW_SECONDS,
            options={"require": REQUIRED_CLAIMS},
        )
    except jwt.ExpiredSignatureError:
        raise BadToken("The token has expired.") from None
    except jwt.PyJWTError:
        raise BadToken("The token is not valid.") from None
    return _read_claims(claims)


def _read_claims(claims: dict[str, object]) -> AgentToken:
    subject, role, version = claims["sub"], claims["role"], claims["ver"]
    if not isinstance(subject, str) or not isinstance(version, int) or isinstance(version, bool):
        raise BadToken("The token is not valid.")
    if role == Role.SERVICE and subject == SERVICE_SUBJECT:
        return AgentToken(subject=subject, role=Role.SERVICE, version=version)
    if role == Role.USER and _is_canonical_id(subject):
        return AgentToken(subject=subject, role=Role.USER, version=version)
    raise BadToken("The token is not valid.")


def _is_canonical_id(subject: str) -> bool:
    """Whether it is a UUID in its one usual spelling: owners are compared as text."""
    try:
        return str(UUID(subject)) == subject
    except ValueError:
        return False
