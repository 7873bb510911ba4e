"""A run behind the control plane, and one without."""

from collections.abc import AsyncIterator

import pytest

from graphs.metering.models import CONNECTIONS
from tests.graphs.conftest import Configure
from tests.graphs.control_plane_double import ControlPlaneDouble
from tests.graphs.metering.scene import Scene
from tests.scripted_model import ScriptedModel


@pytest.fixture
def scene(behind_control_plane: ControlPlaneDouble) -> Scene:
    """A run behind the double."""
    return Scene()


@pytest.fixture
async def standalone(configure: Configure, scripted_model: ScriptedModel) -> AsyncIterator[Scene]:
    """A run of a server without accounts."""
    configure(OPENAI_BASE_URL=scripted_model.url, OPENAI_API_KEY="sk-own")
    yield Scene()
    await CONNECTIONS.get().aclose()
