"""`secrets`: the files that docker-compose.yml gives to its services, made once."""

import secrets
from pathlib import Path

from controlplane.embedded.credentials import Credentials

POSTGRES = "langgraph-postgres:5432"
REDIS = "redis://langgraph-redis:6379/1"
# Role and database of each address, and its scheme.
DATABASES = {
    "database_url": ("threadplane", "postgresql"),
    "pg_checkpoint_uri": ("langgraph", "postgresql"),
    "pgvector_connection_string": ("vectors", "postgresql+psycopg"),
}


def make_secrets(folder: Path) -> list[str]:
    """Write what is missing below `folder` and return the names of the files that were written.

    Containers run as users of their own, so the files may be read by all, in a folder that only its owner
    enters. A file that is there stays as it is, so that an operator's own address or key can be put in it.
    """
    kept = folder / "kept"
    for place in (folder, kept):
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        place.chmod(0o700)
    credentials = Credentials.load(kept)
    contents = {
        "django_secret_key": credentials.django_secret_key,
        "fernet_keys": credentials.fernet_key,
        "jwt_signing_key": credentials.jwt_signing_key_file.read_text(),
        "agent_jwks": credentials.jwks_file.read_text(),
        "control_plane_secret": credentials.control_plane_secret,
        "lg_webhook_secret": credentials.webhook_secret,
        "openai_api_key": credentials.model_key,
        "redis_url": REDIS,
        **{
            name: f"{scheme}://{role}:{secrets.token_urlsafe(32)}@{POSTGRES}/{role}"
            for name, (role, scheme) in DATABASES.items()
        },
        "agent-server.env": f"LG_WEBHOOK_SECRET={credentials.webhook_secret}\n",
    }
    return [name for name, content in contents.items() if _write(folder / name, content)]


def _write(path: Path, content: str) -> bool:
    if path.exists():
        return False
    draft = path.with_name(f".{path.name}.new")
    draft.write_text(content)
    # What Compose itself reads needs no other reader.
    draft.chmod(0o600 if path.suffix == ".env" else 0o444)
    draft.rename(path)
    return True
