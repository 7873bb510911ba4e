"""The supervisor with small stand-ins for the servers: life, death, giving up, and a clean end."""

import asyncio
import io
import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from controlplane.embedded.console import Console
from controlplane.embedded.errors import PartFailed, StackError
from controlplane.embedded.keeper import RestartPolicy
from controlplane.embedded.parts import Job, Part, Probe
from controlplane.embedded.supervisor import Supervisor
from tests.embedded.processes import is_alive, living_in_session

QUICK = RestartPolicy(first_delay_seconds=0.01, stable_seconds=30)
SLEEP = "import time; time.sleep(60)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); {SLEEP}"
WITH_CHILD = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {SLEEP!r}]); {SLEEP}"


async def at_once() -> bool:
    """Be ready at once."""
    return True


def stand_in(name: str, code: str, *, is_ready: Probe = at_once, **more: object) -> Part:
    """Return a part that runs a few words of Python."""
    return Part(
        name=name,
        command=(sys.executable, "-c", code),
        environment=dict(os.environ),
        is_ready=is_ready,
        **more,
    )


def job(name: str, code: str, *, needs: tuple[str, ...] = ()) -> Job:
    """Return a job of a few words of Python."""
    return Job(name=name, command=(sys.executable, "-c", code), environment=dict(os.environ), needs=needs)


class Stage:
    """A supervisor, what it showed, and every pid it ever had."""

    def __init__(self, folder: Path, *work: Part | Job, policy: RestartPolicy = QUICK) -> None:
        self.shown = io.StringIO()
        self.pids: list[tuple[str, int]] = []
        self.stop = asyncio.Event()
        console = Console(shows_logs=True, output=self.shown)
        self.supervisor = Supervisor(
            work, logs=folder, console=console, on_change=self._remember, policy=policy
        )

    def _remember(self, pids: Mapping[str, int]) -> None:
        self.pids += [entry for entry in pids.items() if entry not in self.pids]

    def pids_of(self, part: str) -> list[int]:
        """Return the processes that a part has had, oldest first."""
        return [pid for name, pid in self.pids if name == part]

    def order(self, news: str) -> list[str]:
        """Return the parts in the order in which this was said of them."""
        lines = (line.split("|", 1) for line in self.shown.getvalue().splitlines() if "|" in line)
        return [part.strip() for part, text in lines if text.strip().startswith(news)]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something that a process does."""
        async with asyncio.timeout(10):
            while not condition():  # noqa: ASYNC110  # another process cannot set an event
                await asyncio.sleep(0.01)


async def nothing() -> str:
    return "done"


async def test_result_comes_back_and_no_process_is_left(tmp_path: Path) -> None:
    stage = Stage(tmp_path, stand_in("engine", WITH_CHILD))

    async def look() -> list[int]:
        (leader,) = stage.pids_of("engine")
        await stage.until(lambda: len(living_in_session(leader)) == 2)
        return living_in_session(leader)

    async with asyncio.timeout(8):
        seen = await stage.supervisor.run(look, stage.stop)
    assert seen is not None
    assert len(seen) == 2
    await stage.until(lambda: not any(is_alive(pid) for pid in seen))


async def test_parts_wait_for_what_they_need_and_stop_in_reverse(tmp_path: Path) -> None:
    stage = Stage(
        tmp_path,
        stand_in("database", SLEEP),
        job("migrate", "print('tables made')", needs=("database",)),
        stand_in("web", SLEEP, needs=("migrate", "a-part-that-is-not-run")),
        stand_in("worker", SLEEP, needs=("web",)),
    )
    assert await stage.supervisor.run(nothing, stage.stop) == "done"
    assert stage.order("starting") == ["database", "migrate", "web", "worker"]
    assert stage.order("tables made") == ["migrate"]
    assert stage.order("stopped") == ["worker", "web", "database"]


async def test_killed_part_is_started_again_and_others_are_left_alone(tmp_path: Path) -> None:
    stage = Stage(tmp_path, stand_in("engine", SLEEP), stand_in("other", SLEEP))

    async def kill_it() -> None:
        os.kill(stage.supervisor.pids["engine"], signal.SIGKILL)
        await stage.until(lambda: len(stage.pids_of("engine")) == 2)
        await stage.until(lambda: stage.order("ready").count("engine") == 2)

    await stage.supervisor.run(kill_it, stage.stop)
    assert len(stage.pids_of("other")) == 1
    assert "killed by SIGKILL; starting again in 0.0 s (death 1 of 5)" in stage.shown.getvalue()
    assert not any(is_alive(pid) for _, pid in stage.pids)


async def test_fifth_death_in_a_row_ends_everything_with_the_reason(tmp_path: Path) -> None:
    dying = stand_in("engine", "import sys; sys.exit('no fuel')", is_ready=_never)
    stage = Stage(tmp_path, stand_in("other", SLEEP), dying)
    with pytest.raises(PartFailed) as failure:
        await stage.supervisor.run(nothing, stage.stop)
    assert str(failure.value).startswith(
        "engine: gave up after 5 deaths in a row; the last: ended with code 1 before it was ready"
    )
    assert str(failure.value).endswith("| no fuel")
    assert len(stage.pids_of("engine")) == 5
    assert stage.order("stopped") == ["other"]
    assert not any(is_alive(pid) for _, pid in stage.pids)


async def test_delays_double_up_to_a_bound() -> None:
    policy = RestartPolicy(first_delay_seconds=0.5, most_delay_seconds=3)
    assert [policy.delay(deaths) for deaths in range(1, 6)] == [0.5, 1, 2, 3, 3]


async def test_stable_time_forgives_earlier_deaths(tmp_path: Path) -> None:
    forgiving = RestartPolicy(first_delay_seconds=0.01, stable_seconds=0.0)
    stage = Stage(tmp_path, stand_in("engine", "pass"), policy=forgiving)

    async def wait() -> None:
        await stage.until(lambda: len(stage.pids_of("engine")) > 6)

    await stage.supervisor.run(wait, stage.stop)
    assert "(death 1 of 15)" in stage.shown.getvalue()
    assert "(death 2 of" not in stage.shown.getvalue()


async def test_failed_job_ends_everything(tmp_path: Path) -> None:
    failing = job("migrate", "import sys; print('first', flush=True); sys.exit('no such table')")
    stage = Stage(tmp_path, stand_in("database", SLEEP), failing, stand_in("web", SLEEP, needs=("migrate",)))
    with pytest.raises(PartFailed, match=r"(?s)migrate: ended with code 1.*first.*no such table"):
        await stage.supervisor.run(nothing, stage.stop)
    assert stage.order("starting") == ["database", "migrate"]
    assert not any(is_alive(pid) for _, pid in stage.pids)


async def test_stop_is_heard_while_parts_are_still_starting(tmp_path: Path) -> None:
    stage = Stage(
        tmp_path, stand_in("engine", SLEEP, is_ready=_never), job("later", SLEEP, needs=("engine",))
    )
    asyncio.get_running_loop().call_later(0.3, stage.stop.set)
    assert await stage.supervisor.run(nothing, stage.stop) is None
    assert stage.order("stopped") == ["engine"]
    assert not any(is_alive(pid) for _, pid in stage.pids)


async def test_job_is_stopped_too(tmp_path: Path) -> None:
    stage = Stage(tmp_path, job("migrate", f"print('busy', flush=True); {SLEEP}"))
    running = asyncio.create_task(stage.supervisor.run(nothing, stage.stop))
    await stage.until(lambda: "busy" in stage.shown.getvalue())
    stage.stop.set()
    async with asyncio.timeout(4):
        assert await running is None


async def test_deaf_part_is_killed_after_its_grace(tmp_path: Path) -> None:
    stage = Stage(tmp_path, stand_in("engine", STUBBORN, grace_seconds=0.2))

    async def wait() -> None:
        await stage.until(lambda: "deaf" in stage.shown.getvalue())

    async with asyncio.timeout(5):
        await stage.supervisor.run(wait, stage.stop)
    assert "stopped (killed by SIGKILL)" in stage.shown.getvalue()


async def test_impatience_kills_at_once(tmp_path: Path) -> None:
    stage = Stage(tmp_path, stand_in("engine", STUBBORN, grace_seconds=60))

    async def wait() -> None:
        await stage.until(lambda: "deaf" in stage.shown.getvalue())

    running = asyncio.create_task(stage.supervisor.run(wait, stage.stop))
    await wait()
    asyncio.get_running_loop().call_later(0.2, stage.supervisor.kill)
    async with asyncio.timeout(5):
        await running
    assert not any(is_alive(pid) for _, pid in stage.pids)


async def test_part_that_was_stable_once_is_given_more_time(tmp_path: Path) -> None:
    patient = RestartPolicy(
        first_delay_seconds=0.01, most_deaths=2, most_deaths_once_stable=4, stable_seconds=1.5
    )
    mark = tmp_path / "lived"
    once = f"import pathlib, time; p = pathlib.Path({str(mark)!r}); p.exists() or p.touch() or time.sleep(2)"
    stage = Stage(tmp_path, stand_in("engine", once), policy=patient)
    with pytest.raises(PartFailed, match="gave up after 4 deaths"):
        await stage.supervisor.run(asyncio.Event().wait, stage.stop)
    assert len(stage.pids_of("engine")) == 4


async def test_part_that_does_not_become_ready_counts_as_dead(tmp_path: Path) -> None:
    impatient = RestartPolicy(first_delay_seconds=0.01, most_deaths=2)
    slow = stand_in("engine", SLEEP, is_ready=_never, ready_seconds=0.2)
    stage = Stage(tmp_path, slow, policy=impatient)
    with pytest.raises(PartFailed, match="gave up after 2 deaths"):
        await stage.supervisor.run(nothing, stage.stop)
    assert "not ready after 0 s" in stage.shown.getvalue()
    assert not any(is_alive(pid) for _, pid in stage.pids)


async def test_probe_can_give_up_for_good(tmp_path: Path) -> None:
    async def refuse() -> bool:
        raise StackError("wrong password")

    stage = Stage(tmp_path, stand_in("engine", SLEEP, is_ready=refuse))
    with pytest.raises(StackError, match="wrong password"):
        await stage.supervisor.run(nothing, stage.stop)
    assert len(stage.pids_of("engine")) == 1
    assert not any(is_alive(pid) for _, pid in stage.pids)


async def _never() -> bool:
    return False
