"""People, their API clients, and an Agent Server in memory."""

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from controlplane.accounts.api_tokens import issue_refresh_token
from controlplane.accounts.models import CustomUser
from controlplane.language_models.models import AllowedModel
from sdk_bridge.memory import MemoryAgentServer
from tests.controlplane import agent_server_double


@pytest.fixture
def agent_server(settings) -> MemoryAgentServer:
    """An empty Agent Server that echoes; `faults` makes it fail."""
    settings.AGENT_SERVER_CONNECTOR = agent_server_double.CONNECTOR
    return agent_server_double.install()


@pytest.fixture
def make_user(db) -> Callable[..., CustomUser]:
    """Make users that sign in by token only; hashing passwords is slow."""

    def make(email: str = "ada@example.com", **fields: object) -> CustomUser:
        return CustomUser.objects.create_user(email, **fields)

    return make


@pytest.fixture
def allow_models(db) -> Callable[..., None]:
    """Put models on the list of those that may be used; the settings' default needs no row."""

    def allow(*names: str) -> None:
        AllowedModel.objects.bulk_create(AllowedModel(name=name, is_active=True) for name in names)

    return allow


@pytest.fixture
def user(make_user) -> CustomUser:
    """The one whose things are at stake."""
    return make_user("ada@example.com")


@pytest.fixture
def stranger(make_user) -> CustomUser:
    """Somebody else."""
    return make_user("eve@example.com")


@pytest.fixture
def api(user) -> APIClient:
    """The user's API client."""
    return signed_in(user)


@pytest.fixture
def stranger_api(stranger) -> APIClient:
    """The stranger's API client."""
    return signed_in(stranger)


def signed_in(user: CustomUser) -> APIClient:
    """Make a client with a real access token; server errors come back as answers, as over the wire."""
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {issue_refresh_token(user).access_token}")
    return client
