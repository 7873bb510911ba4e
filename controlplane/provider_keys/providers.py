"""Which providers users may bring keys for, at which addresses, and whose models are whose."""

from collections.abc import Mapping, Sequence
from typing import Final

from django.conf import settings

from controlplane.language_models.models import AllowedModel
from controlplane.language_models.price_table import home_of

# Those whose own address speaks OpenAI's protocol and asks for the key before it lists its models.
PUBLIC_ADDRESSES: Final[Mapping[str, Sequence[str]]] = {
    "openai": ("https://api.openai.com/v1",),
    "google": ("https://generativelanguage.googleapis.com/v1beta/openai",),
    "mistral": ("https://api.mistral.ai/v1",),
    "groq": ("https://api.groq.com/openai/v1",),
    "deepseek": ("https://api.deepseek.com/v1",),
    "x-ai": ("https://api.x.ai/v1",),
    "together": ("https://api.together.xyz/v1",),
}


def known_providers() -> list[str]:
    """Name the providers that a key may be for."""
    return sorted(name for name in {*PUBLIC_ADDRESSES, *settings.PROVIDER_BASE_URLS} if addresses_of(name))


def addresses_of(provider: str) -> Sequence[str]:
    """List a provider's addresses, its own first; the settings' list takes the place of the public one."""
    listed: Sequence[str] = settings.PROVIDER_BASE_URLS.get(provider, PUBLIC_ADDRESSES.get(provider, ()))
    return listed


def provider_of_model(name: str) -> str:
    """Say whose model it is, by the list of models, else by genai-prices; empty when neither knows."""
    listed = AllowedModel.objects.filter(name=name).values_list("provider", flat=True).first()
    return listed or home_of(name) or ""
