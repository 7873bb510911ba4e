"""The whole system, or some of its parts, run by the same supervisor as `make up`."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tests.blocking_calls import require_no_blocking_calls
from tests.ports import free_ports

ROOT = Path(__file__).resolve().parent.parent
PORTS = ("CONTROL_PLANE_PORT", "LANGGRAPH_PORT", "POSTGRES_PORT", "VALKEY_PORT", "MODEL_PORT")
# The names that the process which gave out the tests has set for itself.
SET_BY_PARENT = "TESTS_SET_BY_PARENT"
# What the user's shell had, before the test run set addresses and secrets of its own.
OUTSIDE = {
    name: value
    for name, value in os.environ.items()
    if name not in os.environ.get(SET_BY_PARENT, SET_BY_PARENT).split(",")
}
# All tests of a run come from one address, and most of them from one user.
FAST_CALLERS = {"THROTTLE_USER": "100000/s", "THROTTLE_ADDRESS": "100000/s"}
PARTS_BY_URL = (
    "DATABASE_URL",
    "PG_CHECKPOINT_URI",
    "PGVECTOR_CONNECTION_STRING",
    "REDIS_URL",
    "OPENAI_BASE_URL",
    "CONTROL_PLANE_URL",
)


class StackDidNotStart(RuntimeError):
    """Raised with the tail of the supervisor's output."""


@dataclass
class RunningStack:
    """A supervisor and what it says of its parts: their environment and their pids."""

    process: subprocess.Popen[bytes]
    environment: dict[str, str]
    ready_file: Path
    log: Path

    @classmethod
    def start(cls, folder: Path, *, only: tuple[str, ...] = (), wait: float = 120, **settings: str) -> Self:
        """Start on free ports with `folder` as data folder and wait until every part is ready."""
        folder.mkdir(parents=True, exist_ok=True)
        ready_file, log = folder / "ready.json", folder / "supervisor.log"
        ready_file.unlink(missing_ok=True)
        command = [sys.executable, "-m", "controlplane.embedded", "run", "--ready-file", str(ready_file)]
        if only:
            command += ["--only", ",".join(only)]
        with log.open("ab") as output:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=newcomer_environment(folder, **settings),
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        stack = cls(process=process, environment={}, ready_file=ready_file, log=log)
        stack._wait_until_ready(wait)
        return stack

    def _wait_until_ready(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not self.ready_file.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                tail = self.log.read_text(errors="replace")[-6000:]
                self.stop()
                raise StackDidNotStart(tail)
            time.sleep(0.05)
        self.environment = json.loads(self.ready_file.read_text())["environment"]

    def pids(self) -> dict[str, int]:
        """Return the pid of each part as it is now; a part that was restarted has a new one."""
        pids: dict[str, int] = json.loads(self.ready_file.read_text())["pids"]
        return pids

    @property
    def control_plane_url(self) -> str:
        """Where REST is served."""
        return self.environment["CONTROL_PLANE_URL"]

    @property
    def agent_server_url(self) -> str:
        """Where the Agent Server is served."""
        return self.environment["LANGGRAPH_URL"]

    def stop(self, *, how: signal.Signals = signal.SIGTERM, wait: float = 60) -> int:
        """Send the signal, wait for the end and return the exit code.

        Raises BlockingCallsFound where the Agent Server's log tells of one.
        """
        if self.process.poll() is None:
            self.process.send_signal(how)
        code = self.process.wait(timeout=wait)
        require_no_blocking_calls(self.ready_file.parent / "logs" / "agent-server.log")
        return code


def newcomer_environment(folder: Path, **settings: str) -> dict[str, str]:
    """Return an environment with free ports and a data folder, in which every part is embedded unless set."""
    outside = {name: value for name, value in OUTSIDE.items() if name not in PARTS_BY_URL}
    ports = dict(zip(PORTS, map(str, free_ports(len(PORTS))), strict=True))
    return {
        **outside,
        **ports,
        "THREADPLANE_DATA": str(folder),
        "THREADPLANE_ENV_FILE": os.devnull,
        **FAST_CALLERS,
        # Calls that nobody sent a message for; who wants them asks for them.
        "AUTO_TITLES": "false",
        **settings,
    }
