"""How the system is watched: a part of the environment."""

import os

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings


class OperationsSettings(BaseSettings):
    """The settings of metrics."""

    metrics_token: SecretStr = Field(
        default=SecretStr(""),
        description="Bearer token that /health/metrics/ asks for; empty: there are no metrics",
    )


def secrets_folder() -> str | None:
    """Return the folder of files that are named like settings and hold their values, where there is one."""
    return os.environ.get("SECRETS_FOLDER") or None
