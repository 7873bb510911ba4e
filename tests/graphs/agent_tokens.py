"""Key pairs and agent tokens as the control plane makes them."""

import json
import time
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm


class Signer:
    """One EC key pair with a key id."""

    def __init__(self, key_id: str) -> None:
        """Make a fresh pair."""
        self.key_id = key_id
        self.key = ec.generate_private_key(ec.SECP256R1())

    @property
    def public(self) -> dict[str, Any]:
        """The public half as a JSON Web Key."""
        return {**ECAlgorithm.to_jwk(self.key.public_key(), as_dict=True), "kid": self.key_id, "use": "sig"}

    def sign(self, claims: dict[str, Any], **header: Any) -> str:
        """Sign exactly these claims."""
        return jwt.encode(claims, self.key, algorithm="ES256", headers={"kid": self.key_id, **header})

    def user_token(self, user_id: UUID, **changes: Any) -> str:
        """A good user token, but for the changes."""
        return self.sign(claims(sub=str(user_id), role="user", ver=1) | changes)

    def service_token(self, **changes: Any) -> str:
        """A good service token, but for the changes."""
        return self.sign(claims(sub="controlplane", role="service", ver=0) | changes)


def claims(**own: Any) -> dict[str, Any]:
    """The claims that all tokens share."""
    now = int(time.time())
    return {
        "iss": "threadplane",
        "aud": "langgraph",
        "iat": now,
        "exp": now + 600,
        "jti": str(uuid4()),
        **own,
    }


def write_keys(path: Path, *signers: Signer) -> None:
    """Publish the public keys."""
    path.write_text(json.dumps({"keys": [signer.public for signer in signers]}))
