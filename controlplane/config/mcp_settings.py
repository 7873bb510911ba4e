"""Which MCP servers there may be: a part of the environment."""

from ipaddress import ip_network
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode


class McpProgram(BaseModel):
    """An MCP server that is a program; it inherits nothing of the environment but this."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    command: str = Field(min_length=1)
    args: tuple[str, ...] = ()
    env: dict[str, SecretStr] = Field(default_factory=dict)


class McpEnvironment(BaseSettings):
    """The programs that may be run, and the private networks that may be reached."""

    mcp_stdio_servers: dict[str, McpProgram] = Field(
        default_factory=dict,
        description="MCP servers that are programs, for both planes: "
        '{"name": {"command": "…", "args": ["…"], "env": {"NAME": "…"}}}',
    )
    mcp_private_addresses: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Private networks in which MCP servers may lie, separated by commas"
    )

    @field_validator("mcp_private_addresses", mode="before")
    @classmethod
    def split_networks(cls, value: object) -> object:
        """Read a list that is separated by commas."""
        if not isinstance(value, str):
            return value
        return tuple(word.strip() for word in value.split(",") if word.strip())

    @field_validator("mcp_private_addresses")
    @classmethod
    def check_mcp_networks(cls, networks: tuple[str, ...]) -> tuple[str, ...]:
        """Take networks such as 10.1.0.0/16."""
        for network in networks:
            ip_network(network)
        return networks
