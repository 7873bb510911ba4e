"""What the house itself has for its built-in tools: who searches the web, and with which key."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.conf import settings

WEB_SEARCH: Final = "web_search"


@dataclass(frozen=True, kw_only=True)
class HouseMeans:
    """What goes with the permit of a call; no value of a user's takes the place of one of these."""

    configuration: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, Any] = field(default_factory=dict, repr=False)


def house_means(tool_name: str) -> HouseMeans:
    """Give what the house has for a tool; nothing for most."""
    if tool_name != WEB_SEARCH:
        return HouseMeans()
    if search_provider() != "tavily":
        return HouseMeans(configuration={"search_provider": "ddgs"})
    # The address is always set: the key must not follow one of a user's own.
    return HouseMeans(
        configuration={"search_provider": "tavily", "search_base_url": settings.TAVILY_BASE_URL},
        secrets={"search_key": settings.TAVILY_API_KEY},
    )


def tools_without_means() -> list[str]:
    """Name the built-in tools that can do nothing in this house: they are as if they were switched off."""
    return [] if search_provider() else [WEB_SEARCH]


def search_provider() -> str | None:
    """Choose who searches the web; None: nobody can."""
    if settings.WEB_SEARCH == "off" or (settings.WEB_SEARCH == "tavily" and not settings.TAVILY_API_KEY):
        return None
    return "tavily" if settings.TAVILY_API_KEY and settings.WEB_SEARCH != "ddgs" else "ddgs"
