"""Model servers of the house beside the first one: a part of the environment."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings


class ProviderSettings(BaseSettings):
    """Keys and addresses beside those of the OpenAI-compatible server."""

    embeddings_base_url: str | None = Field(
        default=None,
        description="Address of an OpenAI-compatible embeddings provider; empty: OPENAI_BASE_URL",
    )
    anthropic_api_key: SecretStr | None = Field(
        default=None,
        description="The house's key for Anthropic's models; empty: they are asked of OPENAI_BASE_URL",
    )
    anthropic_base_url: str | None = Field(
        default=None,
        pattern=r"^https?://",
        description="Address of a server that speaks Anthropic's protocol",
    )
    mistral_api_key: SecretStr | None = Field(
        default=None,
        description="The house's key for Mistral's models; empty: they are asked of OPENAI_BASE_URL",
    )
    mistral_base_url: str | None = Field(
        default=None, pattern=r"^https?://", description="Address of a server that speaks Mistral's protocol"
    )

    def provider_servers(self) -> dict[str, dict[str, str | None]]:
        """Give those that the house has a key for, by the names that genai-prices has for providers.

        Protocols are named as `init_chat_model` names them.
        """
        given = (
            ("anthropic", "anthropic", self.anthropic_base_url, self.anthropic_api_key),
            ("mistral", "mistralai", self.mistral_base_url, self.mistral_api_key),
        )
        return {
            provider: {"protocol": protocol, "base_url": base_url, "api_key": key.get_secret_value()}
            for provider, protocol, base_url, key in given
            if key is not None
        }
