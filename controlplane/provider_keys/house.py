"""Where the house's own calls go: which server, in which protocol, with which key."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from controlplane.provider_keys.providers import provider_of_model


@dataclass(frozen=True, kw_only=True)
class HouseServer:
    """A model server and the house's key for it; `base_url` None is the client library's default."""

    base_url: str | None
    api_key: str = field(repr=False)
    protocol: str = "openai"


def house_server_of(model_name: str) -> HouseServer:
    """Give the server of the model's provider where the house has a key for it, else that of all models."""
    own: Mapping[str, Mapping[str, Any]] = settings.PROVIDER_SERVERS
    # Most houses have none: whose model it is need not be known then.
    if server := own.get(provider_of_model(model_name)) if own else None:
        return HouseServer(**server)
    return HouseServer(base_url=settings.OPENAI_BASE_URL, api_key=settings.OPENAI_API_KEY)
