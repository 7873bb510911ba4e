"""A signed-in REST client, and the waiting that tests do from outside."""

import json
import time
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Self, TypeVar

import httpx

T = TypeVar("T")


@dataclass(frozen=True)
class ServerEvent:
    """One server-sent event and when it arrived (seconds on the monotonic clock)."""

    name: str
    data: dict[str, Any]
    arrived: float


class Api:
    """REST as a client app uses it."""

    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=f"{url}/api/v1/", timeout=60)
        weakref.finalize(self, self.http.close)

    @classmethod
    def signed_in(cls, url: str, email: str, password: str) -> Self:
        """Sign in and send the access token from then on."""
        api = cls(url)
        tokens = api.expect(200, "POST", "auth/token/", json={"email": email, "password": password})
        api.http.headers["Authorization"] = f"Bearer {tokens['access']}"
        return api

    def expect(self, status: int, method: str, path: str, **options: Any) -> Any:
        """Call and return the JSON body; fail unless the status is the expected one."""
        response = self.http.request(method, path, **options)
        assert response.status_code == status, (
            f"{method} {path}: {response.status_code} {response.text[:800]}"
        )
        return response.json() if response.content else None

    def refused(self, status: int, method: str, path: str, **options: Any) -> dict[str, Any]:
        """Call and return the error object of a refusal with this status."""
        error: dict[str, Any] = self.expect(status, method, path, **options)["error"]
        return error

    def new_session(self, title: str = "Test") -> str:
        """Create a session and return its id."""
        return str(self.expect(201, "POST", "sessions/", json={"title": title})["id"])

    def say(self, session_id: str, text: str, **options: Any) -> dict[str, Any]:
        """Send a message and wait for the whole answer."""
        answer: dict[str, Any] = self.expect(
            200, "POST", f"sessions/{session_id}/messages/", json={"message": text, **options}
        )
        return answer

    def stream(self, session_id: str, text: str, **options: Any) -> Iterator[ServerEvent]:
        """Send a message and yield the events as they arrive."""
        with self.http.stream(
            "POST",
            f"sessions/{session_id}/messages/",
            json={"message": text, **options},
            headers={"Accept": "text/event-stream"},
        ) as response:
            assert response.status_code == 200, response.read()
            assert response.headers["content-type"].startswith("text/event-stream")
            name = ""
            for line in response.iter_lines():
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    yield ServerEvent(name, json.loads(line.removeprefix("data: ")), time.monotonic())

    def history(self, session_id: str) -> list[dict[str, Any]]:
        """Return the messages of a session."""
        messages: list[dict[str, Any]] = self.expect(200, "GET", f"sessions/{session_id}/history/")[
            "messages"
        ]
        return messages

    def usage(self, **filters: str) -> list[dict[str, Any]]:
        """Return the first page of the caller's usage rows."""
        rows: list[dict[str, Any]] = self.expect(200, "GET", "usage/", params=filters)["results"]
        return rows

    def settled_usage(self, *, calls: int = 1, within: float = 30, **filters: str) -> list[dict[str, Any]]:
        """Wait until exactly `calls` rows are there and all are settled."""
        return eventually(
            lambda: self.usage(**filters),
            lambda rows: len(rows) == calls and all(row["state"] == "settled" for row in rows),
            within=within,
        )


def eventually(look: Callable[[], T], good: Callable[[T], bool], *, within: float) -> T:
    """Look again and again until what is seen is good; fail with the last sight after `within` seconds."""
    deadline = time.monotonic() + within
    while True:
        seen = look()
        if good(seen):
            return seen
        assert time.monotonic() < deadline, f"not within {within} s: {seen}"
        time.sleep(0.1)
