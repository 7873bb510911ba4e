"""The signed-in demo user of the shared stack, and a system whose planes a test can part."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import DEMO_EMAIL, DEMO_PASSWORD
from tests.end_to_end.api import Api
from tests.end_to_end.asked_users import AskedUser, calculator_asks
from tests.end_to_end.planes_apart import PlanesApart
from tests.running_stack import RunningStack
from tests.scripted_model import ScriptedModel


@pytest.fixture
def api(stack: RunningStack) -> Api:
    """REST as the demo user."""
    return Api.signed_in(stack.control_plane_url, DEMO_EMAIL, DEMO_PASSWORD)


@pytest.fixture(scope="session")
def planes(server_folder: Path) -> Iterator[PlanesApart]:
    """A system of its own with one user; each test leaves it settled and balanced."""
    with PlanesApart.running(server_folder / "planes-apart") as planes:
        yield planes


@pytest.fixture
def asked(api: Api, scripted_model: ScriptedModel, stack: RunningStack) -> Iterator[AskedUser]:
    """The demo user, whose calculator asks before each call."""
    with calculator_asks(stack):
        yield AskedUser(api, scripted_model, stack)
