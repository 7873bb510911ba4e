"""Keys and a provider for them."""

from tests.controlplane.provider_keys.fixtures import make_key, provider

__all__ = ["make_key", "provider"]
