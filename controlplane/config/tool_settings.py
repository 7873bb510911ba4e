"""The settings of the tools that come with the product."""

from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings


class ToolSettings(BaseSettings):
    """Who searches the web for the agent."""

    web_search: Literal["auto", "tavily", "ddgs", "off"] = Field(
        default="auto",
        description="Who searches the web: tavily, ddgs or off; auto: tavily where it has a key, else ddgs",
    )
    tavily_api_key: SecretStr | None = Field(
        default=None, description="The house's key for Tavily; handed out with permits only"
    )
    tavily_base_url: str | None = Field(
        default=None,
        pattern=r"^https?://",
        description="Address of a server that speaks Tavily's protocol; empty: Tavily's own",
    )
