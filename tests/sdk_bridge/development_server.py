"""A real Agent Server (`langgraph dev`) on the scripted graph, in a folder of its own."""

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import httpx

from tests.ports import free_ports

GRAPH_FOLDER = Path(__file__).parent / "agent_server"
START_SECONDS = 40


@dataclass
class DevelopmentServer:
    """A running server; `url` is where it listens."""

    url: str
    process: subprocess.Popen[bytes]

    @classmethod
    def start(cls, folder: Path) -> Self:
        """Start on a free port and wait until it answers."""
        home = folder / "agent_server"
        shutil.copytree(GRAPH_FOLDER, home, ignore=shutil.ignore_patterns("__pycache__"))
        port = free_ports(1)[0]
        command = [
            str(Path(sys.executable).with_name("langgraph")), "dev", "--no-browser", "--no-reload",
            "--host", "127.0.0.1", "--port", str(port), "--n-jobs-per-worker", "10",
        ]  # fmt: skip
        environment = {**os.environ, "LANGGRAPH_CLI_NO_ANALYTICS": "1", "LANGSMITH_TRACING": "false"}
        log_path = folder / "agent-server.log"
        with log_path.open("wb") as log:
            process = subprocess.Popen(
                command, cwd=home, env=environment, stdout=log, stderr=subprocess.STDOUT
            )
        server = cls(f"http://127.0.0.1:{port}", process)
        server._wait_until_ready(log_path)
        return server

    def _wait_until_ready(self, log: Path) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if httpx.get(f"{self.url}/ok").is_success:
                    return
            except httpx.TransportError:
                time.sleep(0.1)
        self.stop()
        raise TimeoutError(f"the Agent Server did not start: {log.read_text(errors='replace')[-3000:]}")

    def stop(self) -> None:
        """End the server and wait for it."""
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
