"""Servers that are down, or hang: each is answered with its own code in bounded time, never with a trace."""

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest
from django.conf import settings

from controlplane.accounts.api_tokens import issue_refresh_token
from controlplane.chat.models import ChatSession, DeletedThread
from tests.controlplane.served import served_apart

pytestmark = pytest.mark.django_db(transaction=True)

# Nobody listens at this port of loopback.
NOBODY = "127.0.0.1:9"


def own_database_url() -> str:
    database = settings.DATABASES["default"]
    return (
        f"postgresql://{database['USER']}:{database.get('PASSWORD', '')}"
        f"@{database['HOST']}:{database['PORT']}/{database['NAME']}"
    )


def ask(address: str, headers: dict, method: str, path: str, body: object) -> tuple[httpx.Response, float]:
    if path.startswith("/admin/"):
        headers = {"Cookie": f"sessionid={'x' * 32}"}
    began = time.monotonic()
    response = httpx.request(method, f"{address}{path}", json=body, headers=headers, timeout=60)
    assert "Traceback" not in response.text
    return response, time.monotonic() - began


@contextmanager
def hanging_server() -> Iterator[str]:
    """Takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


def code_of(response: httpx.Response) -> tuple[int, str]:
    assert response.headers["X-Request-Id"] == response.json()["error"]["request_id"]
    return response.status_code, response.json()["error"]["code"]


def ask_all(address: str, user, *calls: tuple[str, str, object]) -> list[tuple[httpx.Response, float]]:
    """Make calls at the same time; each may take seconds."""
    headers = {"Authorization": f"Bearer {issue_refresh_token(user).access_token}"}
    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(lambda call: ask(address, headers, *call), calls))


def test_database_that_is_down(user):
    with served_apart(DATABASE_URL=f"postgresql://nobody@{NOBODY}/nothing") as address:
        *answers, (page, patience), (ready, _) = ask_all(
            address,
            user,
            ("GET", "/api/v1/sessions/", None),
            ("POST", "/api/v1/sessions/", {}),
            ("POST", "/api/v1/auth/token/", {"email": "a@example.com", "password": "x"}),
            ("GET", "/admin/", None),
            ("GET", "/health/ready/", None),
        )
    for response, seconds in answers:
        assert code_of(response) == (503, "database_unavailable")
        assert seconds < 12
    assert (page.status_code, page.headers["Content-Type"]) == (503, "text/html; charset=utf-8")
    assert "The database does not answer." in page.text
    assert page.headers["X-Request-Id"] in page.text
    # The session is looked for once; the log does not look for it again.
    assert patience < 8
    assert (ready.status_code, ready.json()["checks"]["database"]) == (503, "unavailable")


def test_queue_that_is_down(user):
    session = ChatSession.objects.create(user=user)
    with served_apart(DATABASE_URL=own_database_url(), REDIS_URL=f"redis://{NOBODY}/0") as address:
        (listed, _), (refused, patience), (deleted, to_delete), (ready, _) = ask_all(
            address,
            user,
            ("GET", "/api/v1/me/", None),
            ("POST", "/api/v1/auth/token/", {"email": "a@example.com", "password": "x"}),
            ("DELETE", f"/api/v1/sessions/{session.pk}/", None),
            ("GET", "/health/ready/", None),
        )
    assert listed.status_code == 200
    # Attempts are counted by the process itself then, so that signing in goes on.
    assert code_of(refused) == (401, "not_authenticated")
    assert deleted.status_code == 204
    assert max(patience, to_delete) < 8
    assert ready.json()["checks"] == {"database": "ok", "queue": "unavailable", "agent_server": "unavailable"}
    # The deletion is not lost: its tombstone stands open for the sweep.
    assert DeletedThread.objects.get(thread_id=session.pk).erased_at is None


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        pytest.param("down", (503, "agent_server_unreachable"), id="down"),
        pytest.param("hanging", (504, "agent_server_timed_out"), id="hanging"),
    ],
)
def test_agent_server_that_does_not_answer(user, fault, expected):
    session = ChatSession.objects.create(user=user)
    with (
        hanging_server() as hanging,
        served_apart(
            DATABASE_URL=own_database_url(),
            LANGGRAPH_URL=f"http://{hanging if fault == 'hanging' else NOBODY}",
            DJANGO_SETTINGS_MODULE="tests.controlplane.impatient_settings",
        ) as address,
    ):
        *answers, (ready, _), (read, _) = ask_all(
            address,
            user,
            ("POST", "/api/v1/sessions/", {}),
            ("GET", f"/api/v1/sessions/{session.pk}/history/", None),
            ("POST", f"/api/v1/sessions/{session.pk}/messages/", {"message": "Hello?"}),
            ("GET", "/health/ready/", None),
            ("GET", f"/api/v1/sessions/{session.pk}/", None),
        )
    for response, seconds in answers:
        assert code_of(response) == expected
        assert seconds < 10
    assert ready.json()["checks"] == {"database": "ok", "queue": "ok", "agent_server": "unavailable"}
    assert read.status_code == 200
    assert ChatSession.objects.get() == session
