"""Tokens of the REST API: signed with the house's key, short, rotated and revocable."""

from datetime import timedelta

from controlplane.config.environment import read_environment

JWT_SIGNING_KEY_FILE = read_environment().jwt_signing_key_file
JWT_ISSUER = "threadplane"
AGENT_TOKEN_AUDIENCE = "langgraph"  # noqa: S105  # the name of an audience, not a secret
AGENT_TOKEN_LIFETIME = timedelta(minutes=10)

SIMPLE_JWT = {
    "ALGORITHM": "ES256",
    # pyjwt takes the public half from the private key.
    "SIGNING_KEY": JWT_SIGNING_KEY_FILE.read_text(encoding="ascii"),
    "AUDIENCE": "threadplane",
    "ISSUER": JWT_ISSUER,
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=15),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=14),
    "USER_ID_CLAIM": "sub",
}
