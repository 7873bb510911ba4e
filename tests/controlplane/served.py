"""The control plane behind a real HTTP server: in this process, or in one of its own."""

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import uvicorn

from tests.ports import free_ports

APPLICATION = "controlplane.config.asgi:application"


@contextmanager
def served_here() -> Iterator[str]:
    """Serve from a thread, on the test's database and with the Agent Server in memory; gives the address."""
    (port,) = free_ports(1)
    config = uvicorn.Config(
        APPLICATION, port=port, log_config=None, timeout_graceful_shutdown=2, lifespan="on"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()))
    thread.start()
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_until_alive(address)
        yield address
    finally:
        server.should_exit = True
        thread.join(timeout=10)
    assert not thread.is_alive()


@contextmanager
def served_apart(**environment: str) -> Iterator[str]:
    """Serve from a process of its own with other settings; gives the address."""
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "uvicorn", APPLICATION, "--port", str(port), "--log-level", "warning"]
    process = subprocess.Popen(command, env={**os.environ, **environment})
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_until_alive(address)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=10)


def _wait_until_alive(address: str) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            if httpx.get(f"{address}/health/live/", timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.05)
