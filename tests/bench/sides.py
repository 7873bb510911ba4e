"""What is compared: ways to have a turn answered, each with users and threads of its own."""

import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx

LONGEST_TURN_SECONDS = 120


@dataclass(frozen=True)
class Turn:
    """One answer; milliseconds from the request. `waited` is the time in the queue before the run began."""

    run_id: str
    accepted: float
    waited: float
    first: float
    end: float
    ended_at: float
    words: int

    @property
    def first_net(self) -> float:
        """To the first words, the wait in the queue taken off."""
        return self.first - self.waited

    @property
    def end_net(self) -> float:
        """To the end, the wait in the queue taken off."""
        return self.end - self.waited


@dataclass(frozen=True)
class User:
    """Who asks: the headers that show it, and a thread."""

    headers: dict[str, str] = field(repr=False)
    thread: str


@dataclass(frozen=True)
class Side:
    """A way to have a turn answered; `pids` are the processes that it costs, by part."""

    name: str
    url: str
    users: list[User]
    is_rest: bool = False

    async def turn(self, http: httpx.AsyncClient, user: User, question: str) -> Turn:
        """Ask, and listen to the end. Raises AssertionError for an answer that failed."""
        path, body = self._request(user, question)
        run_id, words, first, started = "", 0, 0.0, 0.0
        began = time.perf_counter()
        headers = {**user.headers, "Accept": "text/event-stream"}
        async with http.stream("POST", f"{self.url}{path}", json=body, headers=headers) as response:
            accepted = time.perf_counter()
            assert response.status_code == 200, await response.aread()
            async for event, data in _events(response):
                assert event != "error", data
                if event in ("metadata", "run"):
                    started = started or time.perf_counter()
                    run_id = run_id or str(data.get("run_id") or "")
                elif event in ("messages", "token"):
                    text = data["text"] if self.is_rest else data[0]["content"]
                    words += len(text)
                    first = first or (time.perf_counter() if text else 0.0)
        end = time.perf_counter()
        assert first, "the model said nothing"
        # REST is told of the run when it has begun: what it waited in the queue is not known there.
        waited = 0.0 if self.is_rest else max(started - accepted, 0.0)
        spans = (accepted - began, waited, first - began, end - began)
        return Turn(run_id, *(span * 1000 for span in spans), time.time(), words)

    def _request(self, user: User, question: str) -> tuple[str, dict[str, Any]]:
        if self.is_rest:
            return f"/api/v1/sessions/{user.thread}/messages/", {"message": question}
        said = {"messages": [{"role": "user", "content": question}]}
        wish = {"assistant_id": "agent", "input": said, "stream_mode": ["messages-tuple"]}
        return f"/threads/{user.thread}/runs/stream", wish


async def _events(response: httpx.Response) -> AsyncIterator[tuple[str, Any]]:
    event = ""
    async for line in response.aiter_lines():
        if line.startswith("event:"):
            event = line.removeprefix("event:").strip()
        elif line.startswith("data:"):
            yield event, json.loads(line.removeprefix("data:"))
