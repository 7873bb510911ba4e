"""Who searches: the control plane says so with each call's permit, or the environment standalone."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from graphs.agent.search import ddgs_door, tavily_door
from graphs.agent.search.results import Found
from graphs.metering.tool_calls import tool_permit
from graphs.settings import Settings, read_settings


class SearchMeans(BaseModel):
    """What a search is made with; the key lives for one call."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    search_provider: Literal["tavily", "ddgs"]
    search_base_url: str | None = None
    search_key: SecretStr | None = None


class NoProvider(Exception):
    """Nobody is there to search."""


async def search(question: str, *, most: int) -> list[Found]:
    """Search the web. Raises NoProvider, PassingFault, ToolException."""
    means = _means()
    if means.search_provider == "tavily" and means.search_key is not None:
        key = means.search_key.get_secret_value()
        return await tavily_door.search(question, most=most, key=key, base_url=means.search_base_url)
    return await ddgs_door.search(question, most=most)


def can_search(settings: Settings) -> bool:
    """Whether a standalone server has a provider; behind a control plane that one decides."""
    return not settings.is_standalone or _standing_alone(settings) is not None


def _means() -> SearchMeans:
    settings = read_settings()
    if settings.is_standalone:
        given = _standing_alone(settings)
    else:
        permit = tool_permit()
        secrets = {name: secret.get_secret_value() for name, secret in permit.secrets.items()}
        given = {**permit.configuration, **secrets}
    try:
        return SearchMeans.model_validate(given)
    except ValidationError:
        # The cause may hold the key.
        raise NoProvider from None


def _standing_alone(settings: Settings) -> dict[str, Any] | None:
    key = settings.tavily_api_key
    if settings.web_search == "off" or (settings.web_search == "tavily" and key is None):
        return None
    if key is None or settings.web_search == "ddgs":
        return {"search_provider": "ddgs"}
    return {"search_provider": "tavily", "search_base_url": settings.tavily_base_url, "search_key": key}
