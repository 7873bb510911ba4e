"""LangGraph Studio at the stack's own server, where the setting is off: it learns and changes nothing."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.end_to_end.hands import TokenMaker
from tests.end_to_end.studio import HEADERS
from tests.running_stack import RunningStack

# What Studio asks before any person does anything, by method, path and body.
OPENING_CALLS = [
    ("POST", "/assistants/search", {}),
    ("GET", "/assistants/{assistant}", None),
    ("GET", "/assistants/{assistant}/graph?xray=true", None),
    ("GET", "/assistants/{assistant}/schemas", None),
    ("GET", "/assistants/{assistant}/subgraphs?recurse=true", None),
    ("POST", "/threads/search", {"limit": 10}),
    ("POST", "/threads", {"metadata": {"graph_id": "agent"}}),
]


@pytest.fixture
def shut_out(stack: RunningStack) -> Iterator[httpx.Client]:
    """Studio, where it is not let in."""
    with httpx.Client(base_url=stack.agent_server_url, headers=HEADERS, timeout=30) as http:
        yield http


@pytest.fixture
def service(stack: RunningStack) -> Iterator[httpx.Client]:
    """The control plane itself, which sees everything."""
    headers = TokenMaker(stack).service()
    with httpx.Client(base_url=stack.agent_server_url, headers=headers, timeout=30) as http:
        yield http


@pytest.mark.parametrize(("method", "path", "body"), OPENING_CALLS)
def test_it_is_refused_where_it_is_not_allowed(
    shut_out: httpx.Client, service: httpx.Client, method: str, path: str, body: Any
) -> None:
    (assistant,) = service.post("/assistants/search", json={"graph_id": "agent"}).json()
    target = path.format(assistant=assistant["assistant_id"])
    threads = service.post("/threads/count", json={"metadata": {"owner": "studio"}}).json()

    refused = shut_out.request(method, target, json=body)

    assert refused.status_code == 403
    assert "studio_not_allowed" in refused.json()["detail"]
    assert service.post("/threads/count", json={"metadata": {"owner": "studio"}}).json() == threads
    if target != "/threads":
        assert service.request(method, target, json=body).status_code == 200
