"""One run of one process: its start in a session of its own, its output, and its certain end."""

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, STDOUT, Process
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from controlplane.embedded.part_log import PartLog
from controlplane.embedded.parts import Account

LAUNCHER = str(Path(__file__).with_name("launcher.py"))
CHUNK_BYTES = 65_536
LAST_OUTPUT_SECONDS = 2.0


class Child:
    """A process and whatever it starts. Ctrl-C in the terminal does not reach it; `stop` does."""

    def __init__(self, process: Process, output: int, log: PartLog) -> None:
        self._process = process
        self._ended = asyncio.create_task(self._follow(output, log))

    @classmethod
    async def spawn(
        cls,
        command: tuple[str, ...],
        *,
        environment: Mapping[str, str],
        cwd: Path,
        log: PartLog,
        account: Account | None = None,
        death_signal: signal.Signals = signal.SIGTERM,
    ) -> Self:
        """Start a command; on Linux it gets `death_signal` when the supervisor is killed."""
        who = f"{account.uid}:{account.gid}" if account else "-"
        launcher = (sys.executable, "-I", "-S", LAUNCHER, str(os.getpid()), str(int(death_signal)), who)
        # A pipe of our own: with one of asyncio's, `wait` would wait for everybody who inherited it.
        output, given = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *launcher,
                *command,
                stdin=DEVNULL,
                stdout=given,
                stderr=STDOUT,
                env=dict(environment),
                cwd=cwd,
                start_new_session=True,
            )
        except BaseException:
            os.close(output)
            raise
        finally:
            os.close(given)
        return cls(process, output, log)

    @property
    def pid(self) -> int:
        """The process id, which is the id of its session and process group too."""
        return self._process.pid

    async def wait(self) -> int:
        """Wait until the process and its group are over and its output is read; return the exit code."""
        return await asyncio.shield(self._ended)

    async def stop(self, how: signal.Signals, *, grace_seconds: float) -> int:
        """Ask the process to end, kill it when it has not done so in time, and return the exit code."""
        if not self._ended.done():
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(how)
            await asyncio.wait({self._ended}, timeout=grace_seconds)
            self.kill()
        return await self.wait()

    def kill(self) -> None:
        """Kill the process and its group at once, unless it is over."""
        if not self._ended.done():
            kill_group(self.pid)

    async def _follow(self, output: int, log: PartLog) -> int:
        reading = asyncio.create_task(_read(output, log))
        code = await self._process.wait()
        kill_group(self.pid)
        # The pipe ends when the last of the group is gone; who left the group may hold it for longer.
        await asyncio.wait({reading}, timeout=LAST_OUTPUT_SECONDS)
        reading.cancel()
        return code


async def _read(output: int, log: PartLog) -> None:
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(output, "rb", buffering=0)
    )
    try:
        while data := await reader.read(CHUNK_BYTES):
            log.feed(data)
    finally:
        transport.close()


def kill_group(group: int) -> None:
    """Kill what is left of a process group; none left is fine."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def describe_exit(code: int) -> str:
    """Say how a process ended."""
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"ended with code {code}"
