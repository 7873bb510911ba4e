"""Server-sent events over real HTTP: pieces arrive as they are made, and a gone listener is noticed."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest
from asgiref.sync import async_to_sync

from controlplane.accounts.agent_tokens import mint_for_user
from controlplane.accounts.api_tokens import issue_refresh_token
from controlplane.api import event_stream
from controlplane.chat.services import session_create
from graphs.errors import LimitReached
from sdk_bridge.memory import MemoryAgentServer, Reply, Turn
from tests.controlplane import agent_server_double
from tests.controlplane.served import served_here

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass
class Tap:
    """Lets the assistant speak word by word, when the test says so."""

    turned: threading.Semaphore
    words: int = 3
    started: int = 0
    cancelled: int = 0
    was_finished: bool = False
    failure: Exception | None = None

    async def assistant(self, turn: Turn) -> AsyncIterator[Reply]:
        self.started += 1
        try:
            for number in range(self.words):
                while not self.turned.acquire(blocking=False):  # noqa: ASYNC110  # the test runs on another thread
                    await asyncio.sleep(0.005)
                yield f"w{number} "
            if self.failure is not None:
                raise self.failure
            self.was_finished = True
        except asyncio.CancelledError:
            self.cancelled += 1
            raise


@pytest.fixture
def tap() -> Tap:
    return Tap(turned=threading.Semaphore(0))


@pytest.fixture
def slow_server(settings, tap) -> MemoryAgentServer:
    settings.AGENT_SERVER_CONNECTOR = agent_server_double.CONNECTOR
    return agent_server_double.install(agent=tap.assistant)


@pytest.fixture
def stream_request(slow_server, user):
    """What `httpx.stream` needs to send a message to a new session, given the server's address."""
    session = async_to_sync(session_create)(owner=user, settings={})
    token = issue_refresh_token(user).access_token

    def request(address: str, **body: object) -> dict:
        return {
            "method": "POST",
            "url": f"{address}/api/v1/sessions/{session.pk}/messages/",
            "json": {"message": "Speak", **body},
            "headers": {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"},
            "timeout": 10,
        }

    request.session = session
    return request


def read_events(lines) -> list[tuple[str, str | None, dict]]:
    """Read events up to the end of the stream."""
    return list(each_event(lines))


def each_event(lines):
    event = {}
    for line in lines:
        if line:
            name, _, value = line.partition(": ")
            event[name] = value
        elif "data" in event:
            yield event["event"], event.get("id"), json.loads(event["data"])
            event = {}


def wait_until(condition) -> None:
    """Wait at most five seconds for another thread."""
    pause = threading.Event()
    for _ in range(1000):
        if condition():
            return
        pause.wait(0.005)
    raise AssertionError("it never came to be")


def test_pieces_arrive_while_the_run_goes_on(stream_request, tap):
    with served_here() as address, httpx.stream(**stream_request(address)) as response:
        assert response.status_code == 200
        assert response.headers["Content-Type"] == "text/event-stream"
        assert response.headers["Cache-Control"] == "no-cache"
        assert response.headers["X-Accel-Buffering"] == "no"
        assert "Content-Encoding" not in response.headers
        events = each_event(response.iter_lines())
        run = next(events)
        assert (run[0], run[2]["thread_id"]) == ("run", str(stream_request.session.pk))
        for number in range(3):
            tap.turned.release()
            name, _, data = next(events)
            assert (name, data["text"]) == ("token", f"w{number} ")
        rest = list(events)

    assert [(name, data.get("content"), data.get("status")) for name, _, data in rest] == [
        ("message", "w0 w1 w2 ", None),
        ("end", None, "success"),
    ]
    assert rest[-1][2]["run_id"] == run[2]["run_id"]
    assert [run[1], rest[0][1], rest[1][1]] == [None, "3", None]


def test_silence_is_broken_by_comments(stream_request, tap, monkeypatch):
    monkeypatch.setattr(event_stream.with_heartbeats, "__kwdefaults__", {"seconds": 0.05})
    with served_here() as address, httpx.stream(**stream_request(address)) as response:
        lines = response.iter_lines()
        assert ": still here" in [next(lines) for _ in range(8)]
        for _ in range(3):
            tap.turned.release()
        assert read_events(lines)[-1][0] == "end"


def test_run_goes_on_without_its_listener(stream_request, tap):
    with served_here() as address:
        with httpx.stream(**stream_request(address)) as response:
            next(response.iter_lines())
        for _ in range(3):
            tap.turned.release()
        wait_until(lambda: tap.was_finished)
    assert tap.cancelled == 0


def test_run_ends_with_its_listener_when_asked(stream_request, tap):
    with served_here() as address:
        with httpx.stream(**stream_request(address, on_disconnect="cancel")) as response:
            next(response.iter_lines())
        wait_until(lambda: tap.cancelled == 1)
    assert not tap.was_finished


def test_cut_stream_ends_with_an_error_event(stream_request, slow_server, tap):
    slow_server.faults.cut_streams_after = 1
    tap.turned.release()
    tap.turned.release()
    with served_here() as address, httpx.stream(**stream_request(address)) as response:
        events = read_events(response.iter_lines())

    assert [name for name, _, _ in events] == ["run", "token", "error"]
    assert events[-1][2]["code"] == "stream_interrupted"
    assert events[-1][2]["retryable"] is True
    assert events[-1][2]["details"] == {"run_id": events[0][2]["run_id"]}


def test_limit_reached_in_the_middle_says_which_and_until_when(stream_request, tap):
    details = {"limit": 10, "used": 9, "remaining": 1, "resets_at": "2026-01-02T00:00:00+00:00"}
    tap.failure = LimitReached("Today's tokens are used up.", details=details)
    tap.turned.release(tap.words)
    with served_here() as address, httpx.stream(**stream_request(address)) as response:
        events = read_events(response.iter_lines())

    assert [(name, data) for name, _, data in events[-2:]] == [
        (
            "error",
            {
                "code": "limit_reached",
                "message": "Today's tokens are used up.",
                "retryable": False,
                "details": details,
            },
        ),
        ("end", {"run_id": events[0][2]["run_id"], "status": "error"}),
    ]


@pytest.mark.parametrize(
    ("accept", "threads_each"), [("text/event-stream", 0), ("application/json", 1)], ids=["stream", "whole"]
)
def test_waiting_holds_no_connection_and_a_stream_no_thread(
    stream_request, settings, tap, user, accept, threads_each
):
    pool_size = settings.DATABASES["default"]["OPTIONS"]["pool"]["max_size"]
    listeners = pool_size + 4
    sessions = [async_to_sync(session_create)(owner=user, settings={}) for _ in range(listeners)]
    with served_here() as address:
        idle = pool_threads()
        request = stream_request(address)
        request["headers"]["Accept"] = accept
        sending = [threading.Thread(target=send, args=(request, session)) for session in sessions]
        for thread in sending:
            thread.start()
        wait_until(lambda: tap.started == listeners)
        wait_until(lambda: len(pool_threads() - idle) <= threads_each * listeners + 2)
        still_served = httpx.get(
            f"{address}/api/v1/sessions/", headers=request["headers"] | {"Accept": "*/*"}
        )
        for _ in range(3 * listeners):
            tap.turned.release()
        for thread in sending:
            thread.join(timeout=5)
    assert still_served.status_code == 200
    assert not any(thread.is_alive() for thread in sending)


def test_requests_that_wait_and_then_write_give_their_connections_back(stream_request, settings, user):
    pool_size = settings.DATABASES["default"]["OPTIONS"]["pool"]["max_size"]
    headers = {"Authorization": f"Bearer {issue_refresh_token(user).access_token}"}
    with served_here() as address, httpx.Client(base_url=address, headers=headers, timeout=20) as client:
        answers = [client.post("/api/v1/sessions/", json={}).status_code for _ in range(pool_size + 4)]
    assert answers == [201] * (pool_size + 4)


@pytest.mark.parametrize("accept", ["text/event-stream", "application/json"])
def test_listeners_that_leave_take_no_connection_along(stream_request, settings, tap, user, accept):
    pool_size = settings.DATABASES["default"]["OPTIONS"]["pool"]["max_size"]
    with served_here() as address:
        request = {**stream_request(address, on_disconnect="cancel"), "timeout": 0.2}
        request["headers"]["Accept"] = accept
        for _ in range(pool_size + 4):
            with pytest.raises(httpx.ReadTimeout):
                send(request, async_to_sync(session_create)(owner=user, settings={}))
        wait_until(lambda: tap.cancelled == pool_size + 4)
        listed = httpx.get(f"{address}/api/v1/sessions/", headers=request["headers"] | {"Accept": "*/*"})
    assert listed.status_code == 200


def pool_threads() -> set[threading.Thread]:
    """Threads that run Django's synchronous code."""
    return {thread for thread in threading.enumerate() if thread.name.startswith("ThreadPoolExecutor")}


def send(request: dict, session) -> None:
    """Send to another session than the request's own, and read to the end."""
    url = request["url"].replace(request["url"].split("/")[-3], str(session.pk))
    with httpx.stream(**{**request, "url": url}) as response:
        response.read()


def test_requests_share_the_servers_connection(stream_request, slow_server, tap, user):
    for _ in range(3):
        tap.turned.release()
    opened = agent_server_double.times_connected()
    with served_here() as address:
        httpx.request(**stream_request(address)).raise_for_status()
    assert agent_server_double.times_connected() == opened + 1
    bridge = slow_server.acting_as(mint_for_user(user).token)
    assert len(async_to_sync(bridge.list_runs)(stream_request.session.pk)) == 1
