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
REPOSITORY = Path(__file__).parents[2]
START_SECONDS = 40


@dataclass
class DevelopmentServer:
    """A running server in its folder `home`; `url` is where it listens."""

    home: Path
    port: int
    config: str
    process: subprocess.Popen[bytes]

    @classmethod
    def start(cls, folder: Path, *, config: str = "langgraph.json") -> Self:
        """Start on a free port and wait until it answers."""
        home, port = folder / "agent_server", free_ports(1)[0]
        shutil.copytree(GRAPH_FOLDER, home, ignore=shutil.ignore_patterns("__pycache__"))
        server = cls(home, port, config, launch(home, port=port, config=config))
        server._wait_until_ready()
        return server

    @property
    def url(self) -> str:
        """Where the bridge connects to."""
        return f"http://127.0.0.1:{self.port}"

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if httpx.get(f"{self.url}/ok").is_success:
                    return
            except httpx.TransportError:
                time.sleep(0.1)
        self.stop()
        log = (self.home / "server.log").read_text(errors="replace")
        raise TimeoutError(f"the Agent Server did not start: {log[-3000:]}")

    def crash(self) -> None:
        """Kill the server and lose what it keeps in files of its own: threads and runs."""
        self.process.kill()
        self.process.wait(10)
        shutil.rmtree(self.home / ".langgraph_api", ignore_errors=True)

    def restart(self) -> None:
        """Start again on the same port."""
        self.process = launch(self.home, port=self.port, config=self.config)
        self._wait_until_ready()

    def stop(self) -> None:
        """End the server and wait for it."""
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)


def launch(home: Path, *, port: int, config: str) -> subprocess.Popen[bytes]:
    """Start the process."""
    command = [
        str(Path(sys.executable).with_name("langgraph")), "dev", "--no-browser", "--no-reload",
        "--config", config, "--host", "127.0.0.1", "--port", str(port), "--n-jobs-per-worker", "10",
    ]  # fmt: skip
    environment = {
        **os.environ,
        "LANGGRAPH_CLI_NO_ANALYTICS": "1",
        "LANGSMITH_TRACING": "false",
        "PYTHONPATH": str(REPOSITORY),
    }
    with (home / "server.log").open("ab") as log:
        return subprocess.Popen(command, cwd=home, env=environment, stdout=log, stderr=subprocess.STDOUT)
