"""The one place that reads the environment of the Agent Server."""

import os
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    IPvAnyNetwork,
    SecretStr,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class CorsRules(BaseModel):
    """The part of the server's own `CORS_CONFIG` that is read here as well."""

    allow_origins: tuple[str, ...] = ()


class McpProgram(BaseModel):
    """An MCP server that is a program of this machine; it inherits nothing of the environment but this."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    command: str = Field(min_length=1)
    args: tuple[str, ...] = ()
    env: dict[str, SecretStr] = Field(default_factory=dict)


class Settings(BaseSettings):
    """What the operator decides. Without `CONTROL_PLANE_URL` the server is standalone: no accounts."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", frozen=True)

    control_plane_url: str | None = Field(default=None, pattern=r"^https?://")
    control_plane_secret: SecretStr | None = None
    agent_jwks_file: Path | None = None
    allow_studio_user: bool = False
    cors_config: CorsRules = CorsRules()

    openai_base_url: str | None = None
    openai_api_key: SecretStr | None = None
    # For a standalone server; behind a control plane the address comes with the permit of each call.
    embeddings_base_url: str | None = None
    # Length of the vectors of memories, fixed when the store is set up.
    embedding_dimensions: int = Field(default=1536, ge=1, le=16_000)
    model_idle_timeout_seconds: float = Field(default=60.0, gt=0)
    model_call_timeout_seconds: float = Field(default=300.0, gt=0)
    # Of one model, before its fallback is asked; the pause between them doubles.
    model_attempts: int = Field(default=3, ge=1, le=10)
    model_retry_seconds: float = Field(default=0.5, ge=0, le=30)

    tool_call_timeout_seconds: float = Field(default=60.0, gt=0)
    most_tool_rounds: int = Field(default=8, ge=1, le=1000)
    most_tool_calls_per_round: int = Field(default=16, ge=1, le=1000)
    fetch_private_addresses: Annotated[tuple[IPvAnyNetwork, ...], NoDecode] = ()
    # For a standalone server; behind a control plane these come with the permit of each call.
    web_search: Literal["auto", "tavily", "ddgs", "off"] = "auto"
    tavily_api_key: SecretStr | None = None
    tavily_base_url: str | None = Field(default=None, pattern=r"^https?://")

    mcp_stdio_servers: dict[str, McpProgram] = Field(default_factory=dict)

    pg_checkpoint_uri: SecretStr | None = None
    # Two at least: setting the tables up holds one connection while it works through another.
    pg_checkpoint_pool_size: int = Field(default=10, ge=2)
    # The inner steps of a turn go when they are this old.
    checkpoint_prune_after_seconds: float = Field(default=300.0, ge=0)

    @property
    def is_standalone(self) -> bool:
        """Whether there is no control plane behind this server."""
        return self.control_plane_url is None

    @field_validator("fetch_private_addresses", mode="before")
    @classmethod
    def _split_words(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(word.strip() for word in value.split(",") if word.strip())

    @model_validator(mode="after")
    def _complete_behind_a_control_plane(self) -> Self:
        if self.is_standalone:
            return self
        if self.control_plane_secret is None:
            raise ValueError("CONTROL_PLANE_URL is set, so CONTROL_PLANE_SECRET must be set too")
        if self.agent_jwks_file is None:
            raise ValueError("CONTROL_PLANE_URL is set, so AGENT_JWKS_FILE must be set too")
        return self


@cache
def read_settings() -> Settings:
    """Read the environment once, and after it the files of `SECRETS_FOLDER`.

    Raises pydantic's ValidationError that names what is wrong.
    """
    return Settings(_secrets_dir=os.environ.get("SECRETS_FOLDER") or None)
