"""A provider and keys for it."""

from tests.controlplane.provider_keys.fixtures import make_key, provider

__all__ = ["make_key", "provider"]
