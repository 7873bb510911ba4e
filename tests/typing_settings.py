"""The product's settings for the type checker, which loads Django but connects to nothing."""

import os
import secrets
import tempfile
from pathlib import Path

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat


def _placeholders(folder: Path) -> dict[str, str]:
    key_file = folder / "key.pem"
    key = ec.generate_private_key(ec.SECP256R1())
    key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return {
        "DJANGO_SECRET_KEY": secrets.token_urlsafe(32),
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "LANGGRAPH_URL": "http://127.0.0.1:1",
        "CONTROL_PLANE_URL": "http://127.0.0.1:1",
        "CONTROL_PLANE_SECRET": secrets.token_urlsafe(16),
        "LG_WEBHOOK_SECRET": secrets.token_urlsafe(16),
        "JWT_SIGNING_KEY_FILE": str(key_file),
        "OPENAI_API_KEY": secrets.token_urlsafe(16),
        "FERNET_KEYS": Fernet.generate_key().decode(),
    }


with tempfile.TemporaryDirectory() as _folder:
    os.environ.update(_placeholders(Path(_folder)))
    from controlplane.config.settings import *  # noqa: F403  # reads the placeholders above
