"""Secrets of one data folder: generated once, kept in files that only their owner reads."""

import base64
import contextlib
import hashlib
import json
import secrets
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from controlplane.embedded.data_folder import write_private_json
from controlplane.embedded.errors import StackError

JWT_KEY_NAME = "jwt-signing-key.pem"
JWKS_NAME = "agent-jwks.json"
COORDINATE_BYTES = 32


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """Every secret of the embedded stack. Never printed: `repr` shows the two file names only."""

    django_secret_key: str = field(repr=False)
    fernet_key: str = field(repr=False)
    control_plane_secret: str = field(repr=False)
    webhook_secret: str = field(repr=False)
    database_password: str = field(repr=False)
    valkey_password: str = field(repr=False)
    model_key: str = field(repr=False)
    demo_password: str = field(repr=False)
    jwt_signing_key_file: Path
    jwks_file: Path

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read the secrets, generating those that are missing. Safe when several processes do it at once."""
        key_file = folder / JWT_KEY_NAME
        _keep(key_file, _new_signing_key)
        jwks_file = folder / JWKS_NAME
        _publish(jwks_file, key_file)
        return cls(
            django_secret_key=_keep(folder / "django-secret-key", lambda: secrets.token_urlsafe(48)),
            fernet_key=_keep(folder / "fernet-key", lambda: Fernet.generate_key().decode()),
            control_plane_secret=_keep(folder / "control-plane-secret", _new_password),
            webhook_secret=_keep(folder / "webhook-secret", _new_password),
            database_password=_keep(folder / "database-password", _new_password),
            valkey_password=_keep(folder / "valkey-password", _new_password),
            model_key=_keep(folder / "model-key", lambda: f"sk-{_new_password()}"),
            demo_password=_keep(folder / "demo-password", lambda: secrets.token_urlsafe(12)),
            jwt_signing_key_file=key_file,
            jwks_file=jwks_file,
        )


def public_jwk(key: ec.EllipticCurvePublicKey) -> dict[str, str]:
    """Return a P-256 key as JSON Web Key for ES256; `kid` is its thumbprint by RFC 7638."""
    numbers = key.public_numbers()
    required = {"crv": "P-256", "kty": "EC", "x": _coordinate(numbers.x), "y": _coordinate(numbers.y)}
    canonical = json.dumps(required, sort_keys=True, separators=(",", ":"))
    kid = _base64url(hashlib.sha256(canonical.encode()).digest())
    return {**required, "kid": kid, "alg": "ES256", "use": "sig"}


def _keep(path: Path, generate: Callable[[], str]) -> str:
    # A link appears whole or not at all, so whoever loses the race reads the winner's secret.
    if not path.exists():
        with tempfile.NamedTemporaryFile("w", dir=path.parent) as draft:
            draft.write(generate())
            draft.flush()
            with contextlib.suppress(FileExistsError):
                path.hardlink_to(draft.name)
    secret = path.read_text().strip()
    if not secret:
        raise StackError(f"{path} is empty: delete it and start again, and a new secret is made")
    return secret


def _publish(jwks_file: Path, key_file: Path) -> None:
    """Make sure that the key set has this key, keeping those that are being rotated out."""
    private = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise StackError(f"{key_file} is not an EC key")
    current = public_jwk(private.public_key())
    known = json.loads(jwks_file.read_text())["keys"] if jwks_file.exists() else []
    if current not in known:
        write_private_json(jwks_file, {"keys": [current, *known]})


def _new_signing_key() -> str:
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return pem.decode()


def _new_password() -> str:
    return secrets.token_urlsafe(32)


def _coordinate(number: int) -> str:
    return _base64url(number.to_bytes(COORDINATE_BYTES, "big"))


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
