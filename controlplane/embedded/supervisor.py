"""Starts parts as soon as what they need is ready, keeps them alive, and stops all of them in order."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from controlplane.embedded.child import Child, describe_exit
from controlplane.embedded.console import Console
from controlplane.embedded.errors import PartFailed
from controlplane.embedded.keeper import SHOWN_LINES, Keeper, RestartPolicy
from controlplane.embedded.options import PROJECT_ROOT
from controlplane.embedded.part_log import PartLog
from controlplane.embedded.parts import Job, Part

Result = TypeVar("Result")
JOB_GRACE_SECONDS = 5.0


class Supervisor:
    """Runs parts and jobs, given in the order of their start; they are stopped in the reverse order."""

    def __init__(
        self,
        work: Sequence[Part | Job],
        *,
        logs: Path,
        console: Console,
        on_change: Callable[[Mapping[str, int]], None],
        policy: RestartPolicy | None = None,
    ) -> None:
        self._on_change = on_change
        self._logs = {one.name: PartLog(one.name, logs, console) for one in work}
        self._ready = {one.name: asyncio.Event() for one in work}
        self._jobs = [one for one in work if isinstance(one, Job)]
        self._job_children: dict[str, Child] = {}
        self._keepers = [
            Keeper(one, self._logs[one.name], policy or RestartPolicy(), self._tell_change)
            for one in work
            if isinstance(one, Part)
        ]
        for keeper in self._keepers:
            self._ready[keeper.part.name] = keeper.ready

    @property
    def pids(self) -> dict[str, int]:
        """The processes as they are now, by part."""
        return {keeper.part.name: keeper.pid for keeper in self._keepers if keeper.pid is not None}

    async def run(self, once_ready: Callable[[], Awaitable[Result]], stop: asyncio.Event) -> Result | None:
        """Start everything, await `once_ready`, stop everything and return its result.

        Returns None when told to stop before. Whatever way it ends, by PartFailed too, no process is left.
        """
        main = asyncio.create_task(self._serve(once_ready))
        duties = [asyncio.create_task(self._keep(keeper)) for keeper in self._keepers]
        duties += [asyncio.create_task(self._do(job)) for job in self._jobs]
        stopping = asyncio.create_task(stop.wait())
        try:
            return await _first_result(main, duties, stopping)
        finally:
            await _cancel([main, *duties, stopping])
            await self._stop_all()

    def kill(self) -> None:
        """Kill every process at once; the way out for the impatient."""
        for keeper in self._keepers:
            keeper.kill()
        for child in self._job_children.values():
            child.kill()

    async def _serve(self, once_ready: Callable[[], Awaitable[Result]]) -> Result:
        for ready in self._ready.values():
            await ready.wait()
        return await once_ready()

    async def _keep(self, keeper: Keeper) -> None:
        await self._wait_for(keeper.part.needs)
        await keeper.keep()

    async def _do(self, job: Job) -> None:
        await self._wait_for(job.needs)
        log = self._logs[job.name]
        started = asyncio.get_running_loop().time()
        log.note("starting…")
        child = await Child.spawn(job.command, environment=job.environment, cwd=PROJECT_ROOT, log=log)
        self._job_children[job.name] = child
        if code := await child.wait():
            raise PartFailed(job.name, describe_exit(code), log.last_lines[-SHOWN_LINES:])
        log.note(f"done in {asyncio.get_running_loop().time() - started:.1f} s")
        self._ready[job.name].set()

    async def _wait_for(self, names: Sequence[str]) -> None:
        for name in names:
            if name in self._ready:
                await self._ready[name].wait()

    async def _stop_all(self) -> None:
        for job in self._jobs:
            if child := self._job_children.get(job.name):
                await child.stop(signal.SIGTERM, grace_seconds=JOB_GRACE_SECONDS)
        for keeper in reversed(self._keepers):
            await keeper.stop()
        for log in self._logs.values():
            log.close()

    def _tell_change(self) -> None:
        self._on_change(self.pids)


async def _first_result(
    main: asyncio.Task[Result], duties: list[asyncio.Task[None]], stopping: asyncio.Task[bool]
) -> Result | None:
    waiting: set[asyncio.Task[Any]] = {main, stopping, *duties}
    while True:
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if stopping in done:
            return None
        for duty in done - {main}:
            duty.result()
        if main in done:
            return main.result()


async def _cancel(tasks: Sequence[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
