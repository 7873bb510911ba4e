"""Started as `python -m controlplane.embedded.model_server`, on loopback unless told otherwise."""

import os

import uvicorn
from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from controlplane.embedded.model_server.app import ModelServer

LONGEST_GOODBYE_SECONDS = 3


class ModelServerSettings(BaseSettings):
    """Where it listens, and the key that callers have to show; without one it asks for none."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", frozen=True)

    model_host: str = "127.0.0.1"
    model_port: int = 8124
    openai_api_key: SecretStr | None = None


def main() -> None:
    """Serve until a signal."""
    settings = ModelServerSettings(_secrets_dir=os.environ.get("SECRETS_FOLDER") or None)
    key = settings.openai_api_key
    server = ModelServer(key=key.get_secret_value() if key else None)
    uvicorn.run(
        server.application(),
        host=settings.model_host,
        port=settings.model_port,
        log_level="warning",
        timeout_graceful_shutdown=LONGEST_GOODBYE_SECONDS,
    )


if __name__ == "__main__":
    main()
