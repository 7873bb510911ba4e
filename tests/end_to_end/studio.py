"""LangGraph Studio as its page behaves: its origin, its header, and the calls it makes of a server."""

from typing import Any

import httpx

from tests.end_to_end.answers import in_a_word

ORIGIN = "https://smith.langchain.com"
HEADERS = {"x-auth-scheme": "langsmith", "Origin": ORIGIN}
# Every graph with its nodes.
GRAPHS = {
    "agent": {"keep_within_budget", "call_model", "ask_approval", "run_tools", "stop_tools"},
    "summarizer": {"write_title", "write_summary"},
}


class StudioPage:
    """Studio, opened on one server. Its answers are read as the page could read them: allowed by CORS."""

    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=url, headers=HEADERS, timeout=30)

    def close(self) -> None:
        """Leave the page."""
        self.http.close()

    def read(self, method: str, path: str, **options: Any) -> Any:
        """Call and return the JSON."""
        response = self.http.request(method, path, **options)
        assert response.status_code == 200, f"{method} {path}: {response.status_code} {response.text[:800]}"
        assert response.headers["access-control-allow-origin"] == ORIGIN
        return response.json()

    def assistants(self) -> dict[str, str]:
        """Return the assistants' ids by the names of their graphs."""
        found = self.read("POST", "/assistants/search", json={})
        return {assistant["graph_id"]: assistant["assistant_id"] for assistant in found}

    def new_thread(self, graph: str) -> "StudioThread":
        """Open a new thread for a graph."""
        thread = self.read("POST", "/threads", json={"metadata": {"graph_id": graph}})
        return StudioThread(self, thread["thread_id"], self.assistants()[graph])


class StudioThread:
    """One thread in Studio's window."""

    def __init__(self, page: StudioPage, thread_id: str, assistant_id: str) -> None:
        self.page, self.id, self._assistant_id = page, thread_id, assistant_id

    def run(self, text: str | None, **options: Any) -> str:
        """Stream a run as Studio does and return the stream; without text it goes on from where it stands."""
        message = {"type": "human", "content": text}
        body = {
            "assistant_id": self._assistant_id,
            "input": None if text is None else {"messages": [message], **options.pop("further", {})},
            "stream_mode": ["values", "messages-tuple", "debug"],
            "stream_subgraphs": True,
            "stream_resumable": True,
            "config": {"recursion_limit": 50},
            **options,
        }
        response = self.page.http.post(f"/threads/{self.id}/runs/stream", json=body)
        assert in_a_word(response, response.text) == "200 events", response.text[-2000:]
        assert "event: error" not in response.text, response.text[-2000:]
        return response.text

    def state(self) -> dict[str, Any]:
        """Return where the thread stands."""
        state: dict[str, Any] = self.page.read(
            "GET", f"/threads/{self.id}/state", params={"subgraphs": "true"}
        )
        return state

    def history(self) -> list[dict[str, Any]]:
        """Return every checkpoint, newest first."""
        entries: list[dict[str, Any]] = self.page.read(
            "POST", f"/threads/{self.id}/history", json={"limit": 100}
        )
        return entries

    def before(self, node: str) -> dict[str, Any]:
        """Return the earliest checkpoint from which a node runs next."""
        return [entry for entry in self.history() if entry["next"] == [node]][-1]

    def edit(self, values: dict[str, Any], *, at: dict[str, Any], as_node: str) -> dict[str, Any]:
        """Fork: write other values at an earlier checkpoint; return the new checkpoint."""
        body = {"values": values, "checkpoint": at["checkpoint"], "as_node": as_node}
        answer = self.page.read("POST", f"/threads/{self.id}/state", json=body)
        checkpoint: dict[str, Any] = answer["checkpoint"]
        return checkpoint


def said(state: dict[str, Any]) -> list[str]:
    """The words of a state's messages."""
    return [message["content"] for message in state["values"]["messages"]]
