"""Keeps one part alive: starts it, starts it again when it died, and gives up in the end."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from controlplane.embedded.child import Child, describe_exit
from controlplane.embedded.errors import PartFailed
from controlplane.embedded.part_log import PartLog
from controlplane.embedded.parts import Part

PROBE_SECONDS = 0.1
SHOWN_LINES = 12


@dataclass(frozen=True, kw_only=True)
class RestartPolicy:
    """How patient the supervisor is. Delays double; a part that lived `stable_seconds` starts afresh.

    One that never did is set up wrongly; one that did once may only wait for another part to come back.
    """

    first_delay_seconds: float = 0.5
    most_delay_seconds: float = 30.0
    most_deaths: int = 5
    most_deaths_once_stable: int = 15
    stable_seconds: float = 30.0

    def delay(self, deaths: int) -> float:
        """Return the pause after so many deaths in a row."""
        return float(min(self.first_delay_seconds * 2 ** (deaths - 1), self.most_delay_seconds))


class Keeper:
    """One part under supervision. Cancelling `keep` leaves the process running: `stop` ends it."""

    def __init__(
        self, part: Part, log: PartLog, policy: RestartPolicy, on_change: Callable[[], None]
    ) -> None:
        self.part = part
        self.ready = asyncio.Event()
        self._log = log
        self._policy = policy
        self._on_change = on_change
        self._child: Child | None = None

    @property
    def pid(self) -> int | None:
        """The process as it is now; None while there is none."""
        return self._child.pid if self._child else None

    async def keep(self) -> None:
        """Run the part for ever. Raises PartFailed when it died too often in a row."""
        loop = asyncio.get_running_loop()
        deaths, most_deaths = 0, self._policy.most_deaths
        while True:
            born = loop.time()
            reason = await self._live()
            deaths += 1
            if loop.time() - born > self._policy.stable_seconds:
                deaths, most_deaths = 1, self._policy.most_deaths_once_stable
            if deaths >= most_deaths:
                raise PartFailed(
                    self.part.name, f"gave up after {deaths} deaths in a row; the last: {reason}",
                    self._log.last_lines[-SHOWN_LINES:],
                )  # fmt: skip
            delay = self._policy.delay(deaths)
            count = f"death {deaths} of {most_deaths}"
            self._log.note(f"{reason}; starting again in {delay:.1f} s ({count})")
            await asyncio.sleep(delay)

    async def stop(self) -> None:
        """End the process, politely at first."""
        if self._child is None:
            return
        code = await self._child.stop(self.part.stop_signal, grace_seconds=self.part.grace_seconds)
        self._child = None
        self._log.note(f"stopped ({describe_exit(code)})")

    def kill(self) -> None:
        """End the process at once."""
        if self._child:
            self._child.kill()

    async def _live(self) -> str:
        """Run the process once and return why it ended."""
        self._log.note("starting…")
        started = asyncio.get_running_loop().time()
        await self.part.prepare()
        self._child = child = await Child.spawn(
            self.part.command,
            environment=self.part.environment,
            cwd=self.part.cwd,
            log=self._log,
            account=self.part.account,
            death_signal=self.part.stop_signal,
        )
        self._on_change()
        became_ready = await self._wait_until_ready(child)
        if became_ready:
            self._log.note(f"ready in {asyncio.get_running_loop().time() - started:.1f} s (pid {child.pid})")
            self.ready.set()
        reason = describe_exit(await child.wait())
        self._child = None
        return reason if became_ready else f"{reason} before it was ready"

    async def _wait_until_ready(self, child: Child) -> bool:
        probing = asyncio.create_task(self._probe())
        ending = asyncio.create_task(child.wait())
        try:
            await asyncio.wait(
                {probing, ending}, timeout=self.part.ready_seconds, return_when=asyncio.FIRST_COMPLETED
            )
            if probing.done():
                return probing.result()
            if not ending.done():
                self._log.note(f"not ready after {self.part.ready_seconds:.0f} s")
                child.kill()
            return False
        finally:
            probing.cancel()
            ending.cancel()

    async def _probe(self) -> bool:
        while not await self.part.is_ready():  # noqa: ASYNC110  # another process cannot set an event
            await asyncio.sleep(PROBE_SECONDS)
        return True
