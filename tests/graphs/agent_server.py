"""A real Agent Server (`langgraph dev`) over real Postgres, for tests that speak to it as clients do."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import httpx
from langgraph_sdk import get_client
from langgraph_sdk.client import LangGraphClient

from tests.blocking_calls import require_no_blocking_calls
from tests.ports import free_ports

ROOT = Path(__file__).resolve().parents[2]
QUIET = {
    "LANGGRAPH_CLI_NO_ANALYTICS": "1",
    "LANGGRAPH_NO_VERSION_CHECK": "1",
    "LANGSMITH_TRACING": "false",
    "PYTHONUNBUFFERED": "1",
}


class ServerDidNotStart(RuntimeError):
    """Raised with the tail of the server's log."""


@dataclass
class AgentServer:
    """One server process in a folder of its own, which holds its development files."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path

    @classmethod
    def launch(cls, folder: Path, environment: dict[str, str], *, jobs: int = 4) -> Self:
        """Start without waiting. `environment` is all it gets of our settings; `jobs` run at once."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("graphs", "langgraph.json"):
            if not (folder / name).exists():
                (folder / name).symlink_to(ROOT / name)
        port = free_ports(1)[0]
        log = folder / "server.log"
        command = [
            str(Path(sys.executable).with_name("langgraph")),
            "dev",
            *("--host", "127.0.0.1", "--port", str(port)),
            *("--no-browser", "--no-reload", "--n-jobs-per-worker", str(jobs)),
        ]
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        with log.open("ab") as output:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env={**inherited, **QUIET, "PYTHONPATH": str(ROOT), **environment},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        return cls(process=process, url=f"http://127.0.0.1:{port}", log=log)

    @classmethod
    def start(cls, folder: Path, environment: dict[str, str], *, jobs: int = 4) -> Self:
        """Start and wait until it answers."""
        server = cls.launch(folder, environment, jobs=jobs)
        server.wait_until_ready()
        return server

    def wait_until_ready(self, seconds: float = 60) -> None:
        """Wait for the first answer; raises ServerDidNotStart."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if httpx.get(f"{self.url}/ok").is_success:
                    return
            except httpx.TransportError:
                time.sleep(0.1)
        self.stop()
        raise ServerDidNotStart(self.output()[-6000:])

    def output(self) -> str:
        """What it logged so far."""
        return self.log.read_text(errors="replace")

    def client(self, token: str | None = None, **headers: str) -> LangGraphClient:
        """An SDK client that sends this token."""
        bearer = {"Authorization": f"Bearer {token}"} if token else {}
        return get_client(url=self.url, api_key=None, headers={**bearer, **headers})

    def request(self, method: str, path: str, *, token: str | None = None, **options: Any) -> httpx.Response:
        """One plain request."""
        headers = {**options.pop("headers", {}), **({"Authorization": f"Bearer {token}"} if token else {})}
        return httpx.request(method, f"{self.url}{path}", headers=headers, timeout=30, **options)

    def stop(self) -> int:
        """End it and wait for it; raises BlockingCallsFound where its log tells of one."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=30)
        require_no_blocking_calls(self.log)
        return code
