"""The Agent Server as a client, and runs that were admitted, as the tests of the runs make them."""

import pytest
from django.test import Client

from tests.controlplane.provider_keys.fixtures import make_key
from tests.controlplane.runs.conftest import admitted, run_request

__all__ = ["admitted", "agent_server_client", "make_key", "run_request"]


@pytest.fixture
def agent_server_client(settings):
    """Post as the Agent Server does."""
    secrets = {
        "X-Threadplane-Secret": settings.CONTROL_PLANE_SECRET,
        "X-Threadplane-Webhook": settings.LG_WEBHOOK_SECRET,
    }
    return Client(headers=secrets, raise_request_exception=False)
