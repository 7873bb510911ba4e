"""An open WebSocket ends with its token and with its user's being signed in, and not before."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from graphs.errors import ControlPlaneUnreachable
from graphs.front_door import FrontDoor
from tests.graphs.agent_tokens import Signer
from tests.graphs.control_plane_double import ControlPlaneDouble

OPENED = [{"type": "websocket.accept"}]
CLOSED = {"type": "websocket.close", "code": 1008}


class Socket:
    """A socket of the server's that stays open until somebody ends it."""

    def __init__(self) -> None:
        self.said: list[Any] = []
        self.was_ended = False
        self.hang_up = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        try:
            await self.hang_up.wait()
        except asyncio.CancelledError:
            self.was_ended = True
            raise

    async def run(self, token: str, **headers: str) -> None:
        """Open the socket through the door with these headers."""
        sent = {"host": "127.0.0.1:8123", "authorization": f"Bearer {token}", **headers}

        async def send(message: Any) -> None:
            self.said.append(message)

        async def receive() -> Any:
            await asyncio.Event().wait()

        shown = [(name.encode(), value.encode()) for name, value in sent.items()]
        scope = {"type": "websocket", "path": "/threads/x/stream/events", "headers": shown}
        await FrontDoor(self)(scope, receive, send)


async def until(is_so: Callable[[], bool]) -> None:
    """Look again and again, for at most five seconds."""
    async with asyncio.timeout(5):
        while not is_so():  # noqa: ASYNC110  # another thread cannot set an event
            await asyncio.sleep(0.01)


@pytest.fixture(autouse=True)
def asked_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for seconds."""
    monkeypatch.setattr("graphs.access.open_sockets.ASKED_EVERY_SECONDS", 0.01)
    monkeypatch.setattr("graphs.access.user_states.FRESH_SECONDS", 0.0)
    monkeypatch.setattr("graphs.access.tokens.CLOCK_SKEW_SECONDS", 0)


async def test_signing_out_closes_the_socket(behind_control_plane: ControlPlaneDouble, signer: Signer):
    user, socket = behind_control_plane.add_user(), Socket()
    serving = asyncio.create_task(socket.run(signer.user_token(user)))
    asked = len(behind_control_plane.user_questions)
    await until(lambda: len(behind_control_plane.user_questions) >= asked + 3)
    assert socket.said == OPENED

    behind_control_plane.users[str(user)]["token_version"] = 2

    await asyncio.wait_for(serving, 5)
    assert socket.said == [*OPENED, CLOSED]
    assert socket.was_ended


async def test_end_of_the_token_closes_the_socket(behind_control_plane: ControlPlaneDouble, signer: Signer):
    user, socket = behind_control_plane.add_user(), Socket()

    await asyncio.wait_for(socket.run(signer.user_token(user, exp=int(time.time()) + 1)), 5)

    assert socket.said == [*OPENED, CLOSED]


async def test_control_plane_that_is_away_closes_nothing(
    behind_control_plane: ControlPlaneDouble, signer: Signer, monkeypatch: pytest.MonkeyPatch
):
    socket, asked = Socket(), []

    async def nobody_answers(headers: object) -> dict[str, object]:
        asked.append(headers)
        raise ControlPlaneUnreachable("The control plane does not answer.")

    monkeypatch.setattr("graphs.access.open_sockets.identify", nobody_answers)
    serving = asyncio.create_task(socket.run(signer.user_token(behind_control_plane.add_user())))
    await until(lambda: len(asked) >= 3)
    assert socket.said == OPENED

    socket.hang_up.set()
    await asyncio.wait_for(serving, 5)
    assert (socket.said, socket.was_ended) == (OPENED, False)


async def test_studio_on_this_machine_is_left_alone(behind_control_plane: ControlPlaneDouble):
    socket = Socket()
    serving = asyncio.create_task(socket.run("none", **{"x-auth-scheme": "langsmith"}))
    await until(lambda: socket.said == OPENED)
    done, _ = await asyncio.wait({serving}, timeout=0.1)
    assert not done
    socket.hang_up.set()
    await asyncio.wait_for(serving, 5)
    assert socket.said == OPENED
