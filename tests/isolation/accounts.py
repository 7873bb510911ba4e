"""Two accounts of a running system, and the credentials that each can show."""

import json
import time
import uuid
from dataclasses import dataclass
from typing import Any, Self

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.utils import base64url_decode, base64url_encode

from tests.end_to_end.api import Api

SCOPES = ("read", "write", "agent")


@dataclass(frozen=True)
class Account:
    """One who is signed in, with a token for each plane."""

    id: str
    api: Api
    access: str
    agent: str
    agent_server_url: str

    @classmethod
    def signed_in(cls, url: str, email: str, password: str, *, agent_server_url: str = "") -> Self:
        """Sign in by password. The Agent Server is where REST says it is, unless an address is given."""
        api = Api.signed_in(url, email, password)
        minted = api.expect(200, "POST", "auth/agent-token/")
        return cls(
            id=api.expect(200, "GET", "me/")["id"],
            api=api,
            access=api.http.headers["Authorization"].removeprefix("Bearer "),
            agent=minted["token"],
            agent_server_url=agent_server_url or minted["agent_url"],
        )

    def personal_token(self, *scopes: str) -> tuple[str, str]:
        """Make a personal access token; returns its id and its secret."""
        body = {"name": f"isolation {uuid.uuid4().hex[:8]}", "scopes": list(scopes)}
        made = self.api.expect(201, "POST", "auth/personal-access-tokens/", json=body)
        return made["id"], made["secret"]


def bearer(token: str) -> dict[str, str]:
    """The headers that show a token."""
    return {"Authorization": f"Bearer {token}"}


def bad_tokens(owner: str, other: str) -> dict[str, dict[str, str]]:
    """Headers with tokens that are none, made of two genuine ones of one kind."""
    head, claims = jwt.get_unverified_header(owner), read_claims(owner)
    key = ec.generate_private_key(ec.SECP256R1())
    public = str(key.public_key().public_numbers().x)
    made = {
        "wrong signature": jwt.encode(claims, key, algorithm="ES256", headers=head),
        "tampered token": tampered(other, sub=claims["sub"]),
        "later end": tampered(owner, exp=int(time.time()) + 86_400),
        "no algorithm": jwt.encode(claims, None, algorithm="none", headers={"kid": head["kid"]}),
        "shared secret": jwt.encode(claims, public, algorithm="HS256", headers={"kid": head["kid"]}),
        "unknown key": jwt.encode(claims, key, algorithm="ES256", headers={"kid": "elsewhere"}),
    }
    return {name: bearer(token) for name, token in made.items()}


def tampered(token: str, **changes: Any) -> str:
    """Change claims and leave the signature as it was."""
    head, _, signature = token.split(".")
    claims = base64url_encode(json.dumps({**read_claims(token), **changes}).encode()).decode()
    return f"{head}.{claims}.{signature}"


def read_claims(token: str) -> dict[str, Any]:
    """Read a token without asking whether it is good."""
    claims: dict[str, Any] = json.loads(base64url_decode(token.split(".")[1]))
    return claims


def is_let_in(http: httpx.Client, headers: dict[str, str]) -> bool:
    """Whether the Agent Server answers to these headers at all."""
    return http.post("/assistants/search", json={}, headers=headers).is_success
