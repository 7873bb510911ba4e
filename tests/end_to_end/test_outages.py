"""A dead part gives each API a clear error with a code, in bounded time, and leaves nothing half-done."""

import os
import signal
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import DEMO_EMAIL, DEMO_PASSWORD
from tests.end_to_end.api import Api, eventually
from tests.running_stack import RunningStack
from tests.scripted_model import ScriptedModel

BOUND = 15.0  # seconds in which every refusal has to come


@dataclass
class FragileStack:
    """A system whose database, queue and model can be taken away one by one."""

    database: RunningStack
    queue: RunningStack
    model: ScriptedModel
    planes: RunningStack
    api: Api


@pytest.fixture(scope="module")
def fragile(server_folder: Path) -> Iterator[FragileStack]:
    """Start the parts under supervisors of their own, so that none is restarted behind a test's back."""
    folder = server_folder / "fragile"
    database = RunningStack.start(folder / "database", only=("postgres",))
    queue = RunningStack.start(folder / "queue", only=("valkey",))
    model = ScriptedModel.start(folder / "model")
    names = ("DATABASE_URL", "PG_CHECKPOINT_URI", "PGVECTOR_CONNECTION_STRING")
    planes = RunningStack.start(
        folder / "planes",
        **{name: database.environment[name] for name in names},
        REDIS_URL=queue.environment["REDIS_URL"],
        OPENAI_BASE_URL=model.url,
        OPENAI_API_KEY="sk-scripted",
        DEFAULT_MODEL="gpt-4o-mini",
        DEMO_EMAIL=DEMO_EMAIL,
        DEMO_PASSWORD=DEMO_PASSWORD,
    )
    api = Api.signed_in(planes.control_plane_url, DEMO_EMAIL, DEMO_PASSWORD)
    stack = FragileStack(database, queue, model, planes, api)
    yield stack
    planes.stop()
    stack.model.stop()  # tests put new ones in the place of what they end
    queue.stop()
    stack.database.stop()


@contextmanager
def frozen(*pids: int) -> Iterator[None]:
    """Stop processes in their tracks: they keep their connections and never answer."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def children_of(pid: int) -> list[int]:
    """Return the processes that this one has started."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def refused_in_time(api: Api, status: int, method: str, path: str, **options: Any) -> dict[str, Any]:
    """Expect a refusal with this status, in bounded time and without a trace."""
    started = time.monotonic()
    error = api.refused(status, method, path, **options)
    assert time.monotonic() - started < BOUND
    assert "Traceback" not in str(error)
    return error


def test_dead_agent_server_is_named_and_comes_back(fragile: FragileStack) -> None:
    api = fragile.api
    session = api.new_session()
    fragile.model.reply("after-the-crash", "Back again.")
    before = fragile.planes.pids()["agent-server"]

    os.kill(before, signal.SIGKILL)

    body = {"message": "hello"}
    path = f"sessions/{session}/messages/"
    error = refused_in_time(api, 503, "POST", path, json=body)
    assert error["code"] == "agent_server_unreachable"
    sse = {"Accept": "text/event-stream"}
    assert refused_in_time(api, 503, "POST", path, json=body, headers=sse)["code"] == error["code"]
    assert refused_in_time(api, 503, "GET", f"sessions/{session}/history/")["code"] == error["code"]
    assert refused_in_time(api, 503, "POST", "sessions/", json={"title": "x"})["code"] == error["code"]
    assert session in [row["id"] for row in api.expect(200, "GET", "sessions/")["results"]]
    eventually(lambda: fragile.planes.pids()["agent-server"], lambda pid: pid != before, within=60)
    eventually(
        lambda: api.http.get(f"sessions/{session}/history/").status_code, lambda code: code == 200, within=60
    )
    assert api.say(session, "after-the-crash")["message"]["content"] == "Back again."


def test_hanging_agent_server_times_out(fragile: FragileStack) -> None:
    api, word = fragile.api, f"hang-{uuid.uuid4()}"
    fragile.model.reply(word, "Before.")
    session = api.new_session()
    run = api.say(session, word)["run_id"]
    body, sse = {"json": {"message": "hello"}}, {"Accept": "text/event-stream"}
    calls: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", "sessions/", {"json": {}}),
        ("GET", f"sessions/{session}/history/", {}),
        ("POST", f"sessions/{session}/messages/", body),
        ("POST", f"sessions/{session}/messages/", {**body, "headers": sse}),
        ("POST", f"sessions/{session}/runs/{run}/cancel/", {}),
    ]
    with frozen(fragile.planes.pids()["agent-server"]), ThreadPoolExecutor(len(calls)) as threads:
        refused = list(
            threads.map(lambda call: refused_in_time(api, 504, call[0], call[1], **call[2]), calls)
        )
    assert {error["code"] for error in refused} == {"agent_server_timed_out"}


def test_failing_model_ends_the_run_with_its_code(fragile: FragileStack) -> None:
    api, word = fragile.api, f"fail-{uuid.uuid4()}"
    fragile.model.fail(word, 500)
    session = api.new_session()

    error = refused_in_time(api, 502, "POST", f"sessions/{session}/messages/", json={"message": word})

    assert error["code"] == "model_failed"
    (row,) = api.settled_usage(session=session)
    assert row["outcome"] == "failed"


@pytest.mark.parametrize(
    ("status", "http", "code"),
    [
        pytest.param(401, 502, "model_refused", id="bad-key"),
        pytest.param(429, 503, "model_rate_limited", id="rate-limited"),
        pytest.param(404, 502, "model_refused", id="unknown-model"),
    ],
)
def test_refusing_model_is_told_apart(fragile: FragileStack, status: int, http: int, code: str) -> None:
    word = f"refuse-{uuid.uuid4()}"
    fragile.model.fail(word, status)
    session = fragile.api.new_session()
    path = f"sessions/{session}/messages/"
    assert refused_in_time(fragile.api, http, "POST", path, json={"message": word})["code"] == code


def test_dead_model_endpoint_is_named(fragile: FragileStack) -> None:
    session = fragile.api.new_session()
    fragile.model.stop()
    try:
        path = f"sessions/{session}/messages/"
        error = refused_in_time(fragile.api, 502, "POST", path, json={"message": "hello"})
        events = list(fragile.api.stream(session, "hello again"))
    finally:
        fragile.model = ScriptedModel.start(
            fragile.planes.log.parent / "model-again", port=fragile.model.port
        )
    assert error["code"] == "model_unreachable"
    assert [event.data["code"] for event in events if event.name == "error"] == ["model_unreachable"]
    assert events[-1].name == "end"
    assert events[-1].data["status"] == "error"


def test_dead_queue_loses_no_usage(fragile: FragileStack) -> None:
    api, word = fragile.api, f"queue-{uuid.uuid4()}"
    fragile.model.reply(word, "Kept.", prompt_tokens=9, completion_tokens=3)
    session = api.new_session()
    pid = fragile.queue.pids()["valkey"]
    with frozen(pid):
        started = time.monotonic()
        assert api.say(session, word)["message"]["content"] == "Kept."
        assert time.monotonic() - started < BOUND
        # A database that is only slow for a moment, on a busy machine, is seen again at the next look.
        checks = eventually(
            lambda: refused_in_time_ready(fragile.planes),
            lambda checks: checks["database"] == "ok",
            within=BOUND,
        )
        assert checks["queue"] == "unavailable"
    (row,) = api.settled_usage(session=session, within=60)
    assert (row["prompt_tokens"], row["completion_tokens"]) == (9, 3)


def refused_in_time_ready(stack: RunningStack) -> dict[str, Any]:
    """Return the checks of the readiness page, which has to answer 503 in time."""
    started = time.monotonic()
    response = httpx.get(f"{stack.control_plane_url}/health/ready/", timeout=60)
    assert time.monotonic() - started < BOUND
    assert response.status_code == 503
    checks: dict[str, Any] = response.json()["checks"]
    return checks


def test_hanging_database_is_named_and_comes_back(fragile: FragileStack) -> None:
    api = fragile.api
    session = api.new_session()
    server = fragile.database.pids()["postgres"]
    with frozen(server, *children_of(server)):
        for path in ("sessions/", f"sessions/{session}/", "usage/"):
            assert refused_in_time(api, 503, "GET", path)["code"] == "database_unavailable"
        assert refused_in_time_ready(fragile.planes)["database"] == "unavailable"
    assert api.expect(200, "GET", f"sessions/{session}/")["id"] == session


def test_dead_database_is_named_and_comes_back(fragile: FragileStack) -> None:
    api = fragile.api
    session = api.new_session()
    data = fragile.database.log.parent
    ports = fragile.database.environment["DATABASE_URL"].rsplit(":", 1)[1].split("/")[0]
    assert fragile.database.stop() == 0
    try:
        for method, path, options in [
            ("GET", "sessions/", {}),
            ("POST", "sessions/", {"json": {"title": "x"}}),
            ("GET", f"sessions/{session}/history/", {}),
            ("POST", f"sessions/{session}/messages/", {"json": {"message": "hello"}}),
            ("GET", "usage/", {}),
        ]:
            assert refused_in_time(api, 503, method, path, **options)["code"] == "database_unavailable"
        assert refused_in_time_ready(fragile.planes)["database"] == "unavailable"
    finally:
        fragile.database = RunningStack.start(data, only=("postgres",), POSTGRES_PORT=ports)
    fragile.model.reply("after-the-outage", "Still here.")
    eventually(lambda: api.http.get("sessions/").status_code, lambda code: code == 200, within=30)
    assert api.say(session, "after-the-outage")["message"]["content"] == "Still here."
