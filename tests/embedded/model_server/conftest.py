"""A model server of its own for these tests."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.embedded.processes import wait_until
from tests.ports import free_ports
from tests.running_stack import ROOT

KEY = "sk-for-these-tests"


@dataclass(frozen=True)
class ModelServer:
    """The address, a client with the key, and the process."""

    url: str
    http: httpx.Client
    pid: int

    def journal(self, client_request_id: str) -> dict[str, Any]:
        """Return the one entry of a call."""
        calls = self.http.get("/journal").json()["calls"]
        (entry,) = [call for call in calls if call["client_request_id"] == client_request_id]
        return entry


@pytest.fixture(scope="session")
def model_server() -> Iterator[ModelServer]:
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        [sys.executable, "-m", "controlplane.embedded.model_server"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "MODEL_PORT": str(port), "OPENAI_API_KEY": KEY},
    )
    with httpx.Client(
        base_url=url, headers={"Authorization": f"Bearer {KEY}"}, timeout=60, trust_env=False
    ) as http:
        wait_until(lambda: _answers(http) or process.poll() is not None, seconds=60)
        yield ModelServer(url=url, http=http, pid=process.pid)
    process.terminate()
    process.wait(timeout=15)


def _answers(http: httpx.Client) -> bool:
    try:
        return http.get("/health").status_code == 200
    except httpx.TransportError:
        return False
