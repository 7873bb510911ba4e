"""Tokens of the REST API: signed with the house's key, short, rotated and revocable."""

from datetime import timedelta

from controlplane.config.environment import read_environment

JWT_SIGNING_KEY_FILE = read_environment().jwt_signing_key_file
# Public keys whose tokens are good as well, while keys rotate.
AGENT_JWKS_FILE = read_environment().agent_jwks_file
JWT_ISSUER = "threadplane"
AGENT_TOKEN_AUDIENCE = "langgraph"  # noqa: S105  # the name of an audience, not a secret
AGENT_TOKEN_LIFETIME = timedelta(minutes=10)

SIMPLE_JWT = {
    "ALGORITHM": "ES256",
    # The keys are read from their files, which may be replaced (controlplane/accounts/signing_keys.py).
    "AUTH_TOKEN_CLASSES": ("controlplane.accounts.api_token_classes.ApiAccessToken",),
    "AUDIENCE": "threadplane",
    "ISSUER": JWT_ISSUER,
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=15),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=14),
    "USER_ID_CLAIM": "sub",
}
