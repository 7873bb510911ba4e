"""Mints the tokens that the Agent Server accepts (docs/contracts.md, section 1)."""

import json
import uuid
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Literal

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.conf import settings
from django.utils import timezone
from jwt.algorithms import ECAlgorithm
from jwt.utils import base64url_encode

from controlplane.accounts.models import CustomUser

SERVICE_SUBJECT = "controlplane"


@dataclass(frozen=True, slots=True)
class AgentToken:
    """A bearer token for the Agent Server, and when it ends."""

    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The private key and the id under which its public half is published."""

    key: EllipticCurvePrivateKey
    key_id: str


def mint_for_user(user: CustomUser) -> AgentToken:
    """Let a user talk to the Agent Server; dies early when `token_version` is raised."""
    return _mint(subject=str(user.pk), role="user", version=user.token_version)


def mint_for_service() -> AgentToken:
    """Let the control plane do its own work at the Agent Server; unbounded there, so never hand it out."""
    return _mint(subject=SERVICE_SUBJECT, role="service", version=0)


@cache
def load_signing_key(path: Path) -> SigningKey:
    """Read the signing key once per process. Raises ValueError for any key but EC P-256."""
    key = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
        raise ValueError("JWT_SIGNING_KEY_FILE must hold an EC P-256 private key")  # noqa: TRY004  # a setting is wrong
    return SigningKey(key=key, key_id=_thumbprint(key))


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


def _thumbprint(key: EllipticCurvePrivateKey) -> str:
    # RFC 7638: the required members alone, sorted, without white space.
    public = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    members = json.dumps({name: public[name] for name in ("crv", "kty", "x", "y")}, separators=(",", ":"))
    return base64url_encode(sha256(members.encode()).digest()).decode()
