"""A checkpointer over a database of its own, and the real graph on it with a model that speaks at once."""

from collections.abc import AsyncIterator, Callable

import pytest
from langgraph.graph.state import CompiledStateGraph

from graphs.agent.nodes import call_model
from graphs.persistence.checkpointer import Checkpointer, checkpointer
from tests.graphs.conftest import Configure
from tests.threads_at_length.conversation import ServersWay, Speaker, agent


@pytest.fixture(scope="module")
def database(make_database: Callable[[], str]) -> str:
    return make_database()


@pytest.fixture
async def saver(configure: Configure, database: str) -> AsyncIterator[Checkpointer]:
    configure(PG_CHECKPOINT_URI=database)
    async with checkpointer() as opened:
        yield opened


@pytest.fixture
def speaker(monkeypatch: pytest.MonkeyPatch) -> Speaker:
    speaker = Speaker(seed=7)
    monkeypatch.setattr(call_model, "metered_model", lambda call: speaker)
    return speaker


@pytest.fixture
def graph(saver: Checkpointer, speaker: Speaker) -> CompiledStateGraph:
    return agent(ServersWay(saver))
