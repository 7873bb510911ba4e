"""Tokens of the REST API: signed with the house's key, short, rotated and revocable."""

from datetime import timedelta

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from controlplane.config.environment import read_environment

JWT_SIGNING_KEY_FILE = read_environment().jwt_signing_key_file
JWT_ISSUER = "threadplane"
AGENT_TOKEN_AUDIENCE = "langgraph"  # noqa: S105  # the name of an audience, not a secret
AGENT_TOKEN_LIFETIME = timedelta(minutes=10)

_private_key = JWT_SIGNING_KEY_FILE.read_bytes()
_public_key = (
    load_pem_private_key(_private_key, password=None)
    .public_key()
    .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
)

SIMPLE_JWT = {
    "ALGORITHM": "ES256",
    "SIGNING_KEY": _private_key.decode("ascii"),
    "VERIFYING_KEY": _public_key.decode("ascii"),
    "AUDIENCE": "threadplane",
    "ISSUER": JWT_ISSUER,
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=15),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=14),
    "USER_ID_CLAIM": "sub",
}
