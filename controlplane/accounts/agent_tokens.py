"""Mints the tokens that the Agent Server accepts (docs/contracts.md, section 1)."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import jwt
from django.conf import settings
from django.utils import timezone

from controlplane.accounts.models import CustomUser
from controlplane.accounts.signing_keys import load_signing_key

SERVICE_SUBJECT = "controlplane"


@dataclass(frozen=True, slots=True)
class AgentToken:
    """A bearer token for the Agent Server, and when it ends."""

    token: str
    expires_at: datetime


def mint_for_user(user: CustomUser) -> AgentToken:
    """Let a user talk to the Agent Server; dies early when `token_version` is raised."""
    return _mint(subject=str(user.pk), role="user", version=user.token_version)


def mint_for_service() -> AgentToken:
    """Let the control plane do its own work at the Agent Server; unbounded there, so never hand it out."""
    return _mint(subject=SERVICE_SUBJECT, role="service", version=0)


def _mint(*, subject: str, role: Literal["user", "service"], version: int) -> AgentToken:
    signing = load_signing_key(settings.JWT_SIGNING_KEY_FILE)
    issued_at = timezone.now().replace(microsecond=0)
    expires_at = issued_at + settings.AGENT_TOKEN_LIFETIME
    claims = {
        "iss": settings.JWT_ISSUER,
        "aud": settings.AGENT_TOKEN_AUDIENCE,
        "sub": subject,
        "iat": issued_at,
        "exp": expires_at,
        "jti": uuid.uuid4().hex,
        "role": role,
        "ver": version,
    }
    token = jwt.encode(claims, signing.key, algorithm="ES256", headers={"kid": signing.key_id})
    return AgentToken(token=token, expires_at=expires_at)
