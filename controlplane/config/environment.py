"""The one place that reads the environment: every setting typed, named and explained."""

import re
from decimal import Decimal
from functools import cache
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, Self

from cryptography.fernet import Fernet
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FilePath,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import NoDecode, SettingsConfigDict

from controlplane.config.conversation_settings import ConversationSettings
from controlplane.config.keeping import KeepingEnvironment
from controlplane.config.limit_settings import LimitSettings
from controlplane.config.mcp_settings import McpEnvironment
from controlplane.config.operations_settings import OperationsSettings, secrets_folder
from controlplane.config.provider_settings import ProviderSettings
from controlplane.config.tool_settings import ToolSettings

# Requests per second, minute, hour or day, or per several of them: 600/m, 10/30s.
Rate = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,8}/([1-9][0-9]{0,3})?[smhd]$")]
Words = Annotated[tuple[str, ...], NoDecode]


class EnvironmentInvalid(SystemExit):
    """The process cannot start; the message names each variable that is missing or wrong, never a value."""


class ModelPrice(BaseModel):
    """A price of the house, in US dollars per million tokens."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    input_mtok: Decimal = Field(ge=0, le=100_000)
    cached_input_mtok: Decimal | None = Field(default=None, ge=0, le=100_000)
    output_mtok: Decimal = Field(ge=0, le=100_000)


class Environment(
    LimitSettings, KeepingEnvironment, McpEnvironment, ToolSettings, ConversationSettings, ProviderSettings,
    OperationsSettings,
):  # fmt: skip
    """What the control plane is told from outside. An empty variable counts as unset."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", frozen=True)

    django_secret_key: SecretStr = Field(
        min_length=32, description="Django's key for sessions and CSRF; 32 characters or more"
    )
    django_debug: bool = Field(
        default=False, description="Developer's error pages; never on a public address"
    )
    allowed_hosts: Words = Field(
        default=("127.0.0.1", "localhost"), description="Host names that are answered, separated by commas"
    )
    csrf_trusted_origins: Words = Field(
        default=(), description="Origins with scheme that may post forms, separated by commas"
    )
    https_only: bool = Field(
        default=False, description="Behind TLS: secure cookies, HSTS and redirects to https"
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="Least severe log level that is written"
    )
    log_format: Literal["console", "json"] = Field(
        default="console", description="How log lines look: console or json"
    )
    time_zone: str = Field(
        default="UTC",
        description="IANA time zone of dates in the back office, and of the days of users who chose none",
    )

    registration: Literal["open", "invitation", "closed"] = Field(
        default="closed", description="Who may make an account: open, invitation or closed"
    )
    frontend_url: str | None = Field(
        default=None, description="Page that mails and invitations lead to; empty: CONTROL_PLANE_URL"
    )
    email_host: str | None = Field(
        default=None, description="Mail server; empty: mails are written to standard output"
    )
    email_port: int = Field(default=587, ge=1, le=65_535, description="Port of the mail server")
    email_user: str = Field(default="", description="User name at the mail server")
    email_password: SecretStr = Field(default=SecretStr(""), description="Password at the mail server")
    email_tls: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="How mails are protected on their way: starttls, tls or none"
    )
    email_from: str = Field(
        default="Threadplane <noreply@localhost>", description="Sender of the product's mails"
    )
    oidc_name: str = Field(default="Single sign-on", description="What the OpenID Connect provider is called")
    oidc_issuer: str | None = Field(
        default=None, description="Address of the OpenID Connect provider; empty: there is none"
    )
    oidc_client_id: str = Field(default="", description="Threadplane's client id at the provider")
    oidc_client_secret: SecretStr = Field(default=SecretStr(""), description="Its client secret there")
    throttle_user: Rate = Field(default="600/m", description="Requests that a user may make per s, m, h or d")
    throttle_address: Rate = Field(default="3000/m", description="Requests that may come from one address")
    throttle_sign_in: Rate = Field(
        default="30/m", description="Attempts to sign in, confirm or reset, per address and account"
    )
    throttle_account: Annotated[tuple[Rate, ...], NoDecode] = Field(
        default=("10/m", "60/h"),
        description="The same per account, from addresses new to it; short spans first",
    )

    database_url: SecretStr = Field(
        description="The control plane's own Postgres: postgresql://user:password@host:port/name"
    )
    database_pool_size: int = Field(
        default=10, ge=1, le=200, description="Most database connections per process"
    )
    database_statement_timeout_ms: int = Field(
        default=15_000, ge=0, description="Milliseconds after which Postgres ends a statement; 0 is never"
    )
    redis_url: SecretStr = Field(
        description="Redis or Valkey for the cache and the job queue: redis://:password@host:port/0"
    )

    langgraph_url: str = Field(description="Where the control plane reaches the LangGraph Agent Server")
    langgraph_public_url: str | None = Field(
        default=None, description="Where clients reach the Agent Server; empty: the same address"
    )
    allow_studio_user: bool | None = Field(
        default=None,
        description="Lets LangGraph Studio in; on loopback only. Empty: false, but true under `make up`",
    )
    studio_url: str = Field(
        default="",
        description="Studio, such as https://smith.langchain.com/studio/, for links to it; empty: none",
    )
    control_plane_url: str = Field(
        description="The control plane's address as the Agent Server sees it; webhooks go there"
    )
    control_plane_secret: SecretStr = Field(
        min_length=16, description="Shared secret of the Agent Server's calls to /internal/"
    )
    lg_webhook_secret: SecretStr = Field(
        min_length=16, description="Shared secret of the Agent Server's run webhooks"
    )
    jwt_signing_key_file: FilePath = Field(
        description="PEM file of the EC P-256 private key that signs all tokens"
    )
    agent_jwks_file: Path | None = Field(None, description="JWKS file of public keys whose tokens are good")
    fernet_keys: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        min_length=1, description="Keys that encrypt stored secrets, newest first, separated by commas"
    )

    openai_api_key: SecretStr = Field(
        description="The house's key for the model provider; handed out with permits only"
    )
    openai_base_url: str | None = Field(
        default=None, description="Address of an OpenAI-compatible provider; empty: OpenAI's own"
    )
    default_model: str = Field(default="gpt-4o-mini", description="Model of sessions that name none")
    default_temperature: float | None = Field(
        default=None, ge=0, le=2, description="Temperature of sessions that name none; empty: the provider's"
    )
    default_max_tokens: int = Field(
        default=1024, ge=1, le=1_000_000, description="Longest answer, in tokens, of sessions that name none"
    )
    default_system_prompt: str = Field(
        default="",
        description="System prompt of sessions without one; empty: the default template of the back office",
    )
    default_enabled_tools: Words = Field(
        default=("current_time", "calculator"), description="Tools the agent may use, separated by commas"
    )
    model_prices: dict[str, ModelPrice] = Field(
        default_factory=dict,
        description='Dollars per million tokens: {"model": {"input_mtok": "0.15", "output_mtok": "0.6"}}, '
        "and cached_input_mtok where cached ones differ",
    )

    message_search: bool = Field(
        default=True, description="Search over what was said; false empties its index of words"
    )

    provider_base_urls: dict[str, tuple[str, ...]] = Field(
        default_factory=dict,
        description='Where users may use keys of their own: {"provider": ["address", …]}, its own first',
    )
    provider_private_addresses: Words = Field(
        default=(), description="Private networks in which such addresses may lie, separated by commas"
    )

    demo_email: str | None = Field(
        default=None, description="E-mail of the demo user that create_demo_user makes"
    )
    demo_password: SecretStr | None = Field(default=None, description="Password of the demo user")
    first_admin_email: str | None = Field(
        default=None, description="E-mail of the administrator that create_first_admin makes"
    )
    first_admin_password: SecretStr | None = Field(default=None, description="Password of that administrator")

    @field_validator(
        "allowed_hosts",
        "csrf_trusted_origins",
        "fernet_keys",
        "default_enabled_tools",
        "provider_private_addresses",
        "throttle_account",
        mode="before",
    )
    @classmethod
    def split_words(cls, value: object) -> object:
        """Read a list that is separated by commas."""
        if not isinstance(value, str):
            return value
        return tuple(word.strip() for word in value.split(",") if word.strip())

    @field_validator("fernet_keys")
    @classmethod
    def check_fernet_keys(cls, keys: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        """Refuse a key that could not decrypt anything later."""
        for key in keys:
            Fernet(key.get_secret_value())
        return keys

    @field_validator(
        "langgraph_url",
        "langgraph_public_url",
        "control_plane_url",
        "openai_base_url",
        "embeddings_base_url",
        "frontend_url",
        "oidc_issuer",
    )
    @classmethod
    def check_address(cls, address: str | None) -> str | None:
        """Take http addresses only, without the slash at the end."""
        if address is not None and not address.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return address.rstrip("/") if address else address

    @field_validator("provider_base_urls")
    @classmethod
    def check_provider_addresses(cls, listed: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        """Take what users' keys could be sent to, without the slash at the end."""
        for addresses in listed.values():
            for address in addresses:
                if not re.fullmatch(r"https?://[^\s/@?#]+(/[^\s@?#]*)?", address):
                    raise ValueError("addresses begin with http:// or https:// and name a host and a path")
        return {
            provider: tuple(address.rstrip("/") for address in addresses)
            for provider, addresses in listed.items()
        }

    @field_validator("provider_private_addresses")
    @classmethod
    def check_networks(cls, networks: tuple[str, ...]) -> tuple[str, ...]:
        """Take networks such as 10.1.0.0/16."""
        for network in networks:
            ip_network(network)
        return networks

    @model_validator(mode="after")
    def check_provider(self) -> Self:
        """Take an OpenID Connect provider with its client only."""
        if self.oidc_issuer and not (self.oidc_client_id and self.oidc_client_secret.get_secret_value()):
            raise ValueError("OIDC_ISSUER needs OIDC_CLIENT_ID and OIDC_CLIENT_SECRET")
        return self


@cache
def read_environment() -> Environment:
    """Read the environment once per process.

    Raises EnvironmentInvalid (which ends the process) with one line per variable that is missing or wrong.
    """
    try:
        return Environment(_secrets_dir=secrets_folder())
    except ValidationError as error:
        lines = [
            _complaint(str(one["loc"][0]) if one["loc"] else "", one["type"], one["msg"])
            for one in error.errors(include_input=False)
        ]
        raise EnvironmentInvalid("The control plane cannot start:\n" + "\n".join(lines)) from None


def _complaint(field: str, kind: str, message: str) -> str:
    if not field:
        return f"  {message}"
    variable = field.upper()
    explanation = Environment.model_fields[field].description
    if kind == "missing":
        return f"  {variable} is not set ({explanation})"
    return f"  {variable} is wrong: {message} ({explanation})"
