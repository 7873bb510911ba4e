"""Something is open for as long as the server runs, and requests pass through untouched."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from controlplane.config.lifespan import Lifespan


class Recorder:
    """An application and a resource that write down what happens to them."""

    def __init__(self) -> None:
        self.happened: list[str] = []

    async def __call__(self, scope, receive, send) -> None:
        self.happened.append(scope["type"])

    @asynccontextmanager
    async def resource(self):
        self.happened.append("open")
        yield
        self.happened.append("closed")


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


async def test_resource_is_open_between_startup_and_shutdown(recorder):
    incoming: asyncio.Queue = asyncio.Queue()
    outgoing: asyncio.Queue = asyncio.Queue()
    application = Lifespan(recorder, during=recorder.resource)
    server = asyncio.create_task(application({"type": "lifespan"}, incoming.get, outgoing.put))
    await incoming.put({"type": "lifespan.startup"})
    assert await outgoing.get() == {"type": "lifespan.startup.complete"}
    assert recorder.happened == ["open"]
    await incoming.put({"type": "lifespan.shutdown"})
    assert await outgoing.get() == {"type": "lifespan.shutdown.complete"}
    await server
    assert recorder.happened == ["open", "closed"]


async def test_requests_pass_through(recorder):
    await Lifespan(recorder, during=recorder.resource)({"type": "http"}, None, None)
    assert recorder.happened == ["http"]


async def test_resource_that_cannot_be_opened_stops_the_start(recorder):
    @asynccontextmanager
    async def broken():
        raise OSError("cannot open")
        yield

    incoming: asyncio.Queue = asyncio.Queue()
    await incoming.put({"type": "lifespan.startup"})
    with pytest.raises(OSError, match="cannot open"):
        await Lifespan(recorder, during=broken)({"type": "lifespan"}, incoming.get, None)
