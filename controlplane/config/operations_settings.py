"""How the system is watched: a part of the environment."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings


class OperationsSettings(BaseSettings):
    """The settings of metrics."""

    metrics_token: SecretStr = Field(
        default=SecretStr(""),
        description="Bearer token that /health/metrics/ asks for; empty: there are no metrics",
    )
