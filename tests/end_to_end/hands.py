"""The hands that reach for somebody's conversation, and the tokens they show."""

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
import psycopg
from cryptography.hazmat.primitives.asymmetric import ec
from psycopg.types.json import Jsonb

from controlplane.accounts.signing_keys import load_signing_key
from tests.conftest import DEMO_EMAIL
from tests.running_stack import RunningStack

# A copy of the demo user's row: whatever columns an account gets later, they are filled.
COPY_ACCOUNT = """
    INSERT INTO accounts_customuser
    SELECT (jsonb_populate_record(account, %s)).* FROM accounts_customuser account WHERE email = %s
"""


@dataclass(frozen=True)
class TokenMaker:
    """Signs agent tokens with the running stack's own key, right ones and wrong ones."""

    stack: RunningStack

    def token(self, subject: str, *, forged: bool = False, **changes: Any) -> str:
        """Sign a user's token, but for the changes; a forged one names the real key and has another."""
        signing = load_signing_key(Path(self.stack.environment["JWT_SIGNING_KEY_FILE"]))
        now = int(time.time())
        claims = {
            "iss": "threadplane",
            "aud": "langgraph",
            "sub": subject,
            "iat": now,
            "exp": now + 600,
            "jti": uuid.uuid4().hex,
            "role": "user",
            "ver": 1,
            **changes,
        }
        key = ec.generate_private_key(ec.SECP256R1()) if forged else signing.key
        return jwt.encode(claims, key, algorithm="ES256", headers={"kid": signing.key_id})

    def service(self) -> dict[str, str]:
        """The control plane's own headers."""
        return bearer(self.token("controlplane", role="service", ver=0))


def bearer(token: str) -> dict[str, str]:
    """The headers that show a token."""
    return {"Authorization": f"Bearer {token}"}


def new_account(stack: RunningStack, *, is_active: bool = True) -> str:
    """Make an account in the stack's database and return its id."""
    account = str(uuid.uuid4())
    own = {
        "id": account,
        "email": f"{account}@threadplane.local",
        "is_active": is_active,
        "is_staff": False,
        "is_superuser": False,
        "token_version": 1,
    }
    with psycopg.connect(stack.environment["DATABASE_URL"]) as connection:
        connection.execute(COPY_ACCOUNT, (Jsonb(own), DEMO_EMAIL))
    return account


def foreign_hands(
    tokens: TokenMaker, *, owner: str, other: str, deactivated: str
) -> dict[str, Mapping[str, str]]:
    """The headers of everybody who must not get at the owner's things; bad tokens are the owner's own."""
    past = int(time.time()) - 60
    return {
        "another user": bearer(tokens.token(other)),
        "nobody": {},
        "expired token": bearer(tokens.token(owner, iat=past - 600, exp=past)),
        "wrong audience": bearer(tokens.token(owner, aud="threadplane")),
        "wrong signature": bearer(tokens.token(owner, forged=True)),
        "deactivated user": bearer(tokens.token(deactivated)),
        "studio header": {"x-auth-scheme": "langsmith"},
    }
