"""Processes of a killed supervisor are ended; everybody else's are not."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from controlplane.embedded.leftovers import end_leftovers, remember_children
from tests.embedded.processes import living_in_session, wait_until

SLEEP = "import time; time.sleep(60)"
WITH_CHILD = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {SLEEP!r}]); {SLEEP}"
DEAF = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); {SLEEP}"


class Orphan(subprocess.Popen[bytes]):
    """A process in a session of its own, as the supervisor starts its parts."""

    def __init__(self, code: str) -> None:
        super().__init__([sys.executable, "-c", code], start_new_session=True, stdout=subprocess.PIPE)


@pytest.fixture
def orphan() -> Iterator[Orphan]:
    with Orphan(WITH_CHILD) as process:
        wait_until(lambda: len(living_in_session(process.pid)) == 2)
        yield process
        for pid in living_in_session(process.pid):
            subprocess.run(["kill", "-9", str(pid)], check=False)


async def test_session_is_ended_with_its_children(tmp_path: Path, orphan: Orphan) -> None:
    remember_children(tmp_path / "children.json", {"web": orphan.pid})
    assert await end_leftovers(tmp_path / "children.json") == ("web",)
    assert living_in_session(orphan.pid) == []
    assert orphan.wait() == -signal.SIGTERM
    assert not (tmp_path / "children.json").exists()


async def test_child_is_found_when_its_leader_is_gone(tmp_path: Path, orphan: Orphan) -> None:
    remember_children(tmp_path / "children.json", {"worker": orphan.pid})
    orphan.kill()
    orphan.wait()
    assert len(living_in_session(orphan.pid)) == 1
    assert await end_leftovers(tmp_path / "children.json") == ("worker",)
    assert living_in_session(orphan.pid) == []


async def test_deaf_one_is_killed(tmp_path: Path) -> None:
    with Orphan(DEAF) as process:
        assert process.stdout
        assert process.stdout.readline() == b"deaf\n"
        remember_children(tmp_path / "children.json", {"web": process.pid})
        await end_leftovers(tmp_path / "children.json", grace_seconds=0.2)
        assert process.wait() == -signal.SIGKILL


@pytest.mark.parametrize(
    "changed", [{"started": 1}, {"boot": "another"}], ids=["later-process", "other-boot"]
)
async def test_process_that_has_the_number_by_chance_is_left_alone(
    tmp_path: Path, orphan: Orphan, changed: dict[str, object]
) -> None:
    path = tmp_path / "children.json"
    remember_children(path, {"web": orphan.pid})
    (child,) = json.loads(path.read_text())
    path.write_text(json.dumps([child | changed]))
    assert await end_leftovers(path) == ()
    assert len(living_in_session(orphan.pid)) == 2


async def test_nothing_left_is_nothing_to_do(tmp_path: Path) -> None:
    assert await end_leftovers(tmp_path / "children.json") == ()
