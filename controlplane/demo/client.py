"""A client app in the small: everything here uses only REST, a token and the public LangGraph SDK."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
from langgraph_sdk import get_client

SETTLEMENT_SECONDS = 30.0
POLL_SECONDS = 0.2


class DemoFailed(RuntimeError):
    """Raised with a sentence that a person can act on."""


@dataclass(frozen=True)
class Chunk:
    """A piece of the answer as it arrived. `usage` comes with the last piece, as the model reported it."""

    run_id: str
    text: str
    usage: dict[str, Any] | None


@dataclass(frozen=True)
class AgentAccess:
    """Where the Agent Server is, and a short-lived token for it."""

    url: str
    token: str


class ControlPlane:
    """The REST calls that a client app makes. Raises DemoFailed with the API's own message."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def sign_in(self, email: str, password: str) -> None:
        """Exchange e-mail and password for a token that all further calls carry."""
        tokens = await self._call("POST", "auth/token/", json={"email": email, "password": password})
        self._http.headers["Authorization"] = f"Bearer {tokens['access']}"

    async def create_session(self, title: str) -> str:
        """Create a session and return its id, which is the thread's id."""
        session = await self._call("POST", "sessions/", json={"title": title})
        return str(session["id"])

    async def agent_access(self) -> AgentAccess:
        """Ask for a token with which the SDK may talk to the Agent Server."""
        answer = await self._call("POST", "auth/agent-token/")
        return AgentAccess(url=answer["agent_url"], token=answer["token"])

    async def settled_usage(self, run_id: str) -> list[dict[str, Any]]:
        """Wait until every model call of a run is settled and return the ledger's rows."""
        deadline = time.monotonic() + SETTLEMENT_SECONDS
        while time.monotonic() < deadline:
            page = await self._call("GET", "usage/", params={"run": run_id})
            rows: list[dict[str, Any]] = page["results"]
            if rows and all(row["state"] == "settled" for row in rows):
                return rows
            await asyncio.sleep(POLL_SECONDS)
        raise DemoFailed(f"the usage of run {run_id} was not settled within {SETTLEMENT_SECONDS:.0f} s")

    async def _call(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        try:
            response = await self._http.request(method, f"/api/v1/{path}", **options)
        except httpx.TransportError as error:
            raise DemoFailed(f"the control plane does not answer: {error}") from error
        if response.is_error:
            raise DemoFailed(f"{method} {path}: {response.status_code} {response.text[:500]}")
        answer: dict[str, Any] = response.json()
        return answer


async def stream_turn(access: AgentAccess, *, thread_id: str, prompt: str) -> AsyncIterator[Chunk]:
    """Send one message through the SDK and yield the answer piece by piece.

    Raises DemoFailed when the run ends with an error.
    """
    client = get_client(url=access.url, api_key=None, headers={"Authorization": f"Bearer {access.token}"})
    message: dict[str, Any] = {"messages": [{"role": "user", "content": prompt}]}
    run_id = ""
    async for part in client.runs.stream(
        thread_id,
        "agent",
        input=message,
        stream_mode="messages-tuple",
        if_not_exists="create",
    ):
        if part.event == "metadata":
            run_id = part.data["run_id"]
        elif part.event == "error":
            raise DemoFailed(f"the run failed: {part.data}")
        elif part.event == "messages":
            piece = part.data[0]
            if piece["type"] == "AIMessageChunk":
                yield Chunk(run_id, _text(piece["content"]), piece.get("usage_metadata"))


def _text(content: str | list[dict[str, Any]]) -> str:
    if isinstance(content, str):
        return content
    return "".join(block.get("text", "") for block in content)


async def reported_usage(journal_url: str, attempt_id: str) -> dict[str, Any] | None:
    """Return what the model server itself noted for a call, or None when it has no such call."""
    async with httpx.AsyncClient(timeout=10) as http:
        response = await http.get(journal_url)
        response.raise_for_status()
        calls: list[dict[str, Any]] = response.json()["calls"]
    return next((call["usage"] for call in calls if call["client_request_id"] == attempt_id), None)
