"""Keys and the provider that they are for; shared by all tests that use keys."""

from collections.abc import Callable, Iterator

import pytest

from controlplane.provider_keys.models import UserAPIKey
from controlplane.provider_keys.services import key_create
from tests.controlplane.provider_keys.provider_server import GOOD_KEY, Provider, provider_listening


@pytest.fixture
def provider(settings) -> Iterator[Provider]:
    """A provider on loopback, which is `openai` to the product."""
    with provider_listening() as listening:
        settings.PROVIDER_BASE_URLS = {"openai": (listening.base_url,)}
        settings.PROVIDER_PRIVATE_ADDRESSES = ["127.0.0.0/8"]
        yield listening


@pytest.fixture
def make_key(user) -> Callable[..., UserAPIKey]:
    """Take over keys of the user for `openai`, as REST does."""

    def make(**changes: object) -> UserAPIKey:
        given = {"user_id": user.pk, "provider": "openai", "key_name": "Mine", "api_key": GOOD_KEY}
        return key_create(**{**given, **changes})

    return make
