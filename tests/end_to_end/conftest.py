"""The signed-in demo user of the shared stack."""

import pytest

from tests.conftest import DEMO_EMAIL, DEMO_PASSWORD
from tests.end_to_end.api import Api
from tests.running_stack import RunningStack


@pytest.fixture
def api(stack: RunningStack) -> Api:
    """REST as the demo user."""
    return Api.signed_in(stack.control_plane_url, DEMO_EMAIL, DEMO_PASSWORD)
