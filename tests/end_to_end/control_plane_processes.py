"""The control plane's own processes, killed and started by a test and by nobody behind its back."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from controlplane.embedded.child import LAUNCHER, kill_group
from controlplane.embedded.django_processes import beat_part, django_part, worker_part
from controlplane.embedded.parts import Part
from controlplane.embedded.settings import DJANGO_SETTINGS, part_environment

READY_SECONDS = 60.0
PROBE_SECONDS = 0.1


class ControlPlaneProcesses:
    """Django, the worker and beat, as `make up` starts them, but without a supervisor."""

    def __init__(self, settings: Mapping[str, str], folder: Path, *, port: int) -> None:
        environment = part_environment(DJANGO_SETTINGS, settings, os.environ)
        broker_url, node = settings["REDIS_URL"], f"worker@threadplane-{port}"
        schedule = folder / "beat"
        schedule.mkdir()
        self.log = folder / "control-plane.log"
        self._parts = (
            django_part(port=port, environment=environment),
            worker_part(node=node, broker_url=broker_url, environment=environment),
            beat_part(schedule, environment=environment),
        )
        self._running: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Start all three and wait until they are ready."""
        asyncio.run(self._prepare())
        with self.log.open("ab") as log:
            for part in self._parts:
                self._running.append(spawn(part, log.fileno()))
        asyncio.run(self._ready())

    def kill(self) -> None:
        """Kill all three at once, with whatever they started."""
        for process in self._running:
            kill_group(process.pid)
        for process in self._running:
            process.wait(timeout=10)
        self._running.clear()

    async def _prepare(self) -> None:
        for part in self._parts:
            await part.prepare()

    async def _ready(self) -> None:
        async with asyncio.timeout(READY_SECONDS):
            for part in self._parts:
                while not await part.is_ready():  # noqa: ASYNC110  # another process cannot set an event
                    await asyncio.sleep(PROBE_SECONDS)


def spawn(part: Part, output: int) -> subprocess.Popen[bytes]:
    """Start a part's process in a group of its own."""
    # Tied to our life, so that a test run that is killed leaves none behind.
    launcher = (sys.executable, "-I", "-S", LAUNCHER, str(os.getpid()), str(int(signal.SIGKILL)), "-")
    return subprocess.Popen(
        (*launcher, *part.command),
        cwd=part.cwd,
        env=dict(part.environment),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
