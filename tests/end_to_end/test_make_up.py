"""`make up`, as a newcomer types it: addresses and login, a quick second start, a clean end."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.end_to_end.api import eventually
from tests.end_to_end.test_demo import processes_naming
from tests.running_stack import ROOT, newcomer_environment

# A person waits 20 s at most, on a machine of their own; here other tests share its two cores.
SECOND_START_SECONDS = 60.0
LAST_LINE = "Ctrl-C"
PROGRESS = r"\| (starting…|(ready|done) in )"
# On a machine that is busy with other tests the server may find itself slow, and says so in two lines.
SLOWNESS = r"exceeded the expected startup time|FF_PROFILE_IMPORTS"


@contextmanager
def make_up(folder: Path, log: Path, *, end: signal.Signals) -> Iterator[subprocess.Popen[bytes]]:
    """Run `make up` in a process group of its own and end the whole group, as a terminal does with Ctrl-C."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["make", "up"],
            cwd=ROOT,
            env=newcomer_environment(folder),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            os.killpg(process.pid, end)
            process.wait(timeout=60)


def wait_for_the_table(process: subprocess.Popen[bytes], log: Path, seconds: float) -> str:
    """Return what was printed once the last line of the table is there."""
    deadline = time.monotonic() + seconds
    while LAST_LINE not in (text := log.read_text(errors="replace")):
        assert process.poll() is None, text[-4000:]
        assert time.monotonic() < deadline, text[-4000:]
        time.sleep(0.05)
    return text


@pytest.mark.timeout(400)
def test_make_up_prints_addresses_that_work_and_starts_again_in_seconds(server_folder: Path) -> None:
    folder, log = server_folder / "make-up", server_folder / "make-up.log"
    folder.mkdir()
    with make_up(folder, log, end=signal.SIGINT) as process:
        table = wait_for_the_table(process, log, 180)
        assert re.search(r"demo@threadplane\.local / \S{12,}$", _line_with(table, "demo login"))
        progress, printed = table.split("Threadplane is up.")
        # A newcomer reads what starts and is ready, and nothing else before the table.
        of_parts = [line for line in progress.splitlines() if " | " in line]
        assert [line for line in of_parts if not re.search(f"{PROGRESS}|{SLOWNESS}", line)] == []
        for address in set(re.findall(r"  (http://127\.0\.0\.1:\d+\S*)$", printed, re.MULTILINE)):
            assert httpx.get(address, follow_redirects=True, timeout=15).status_code < 400, address
    assert ended_cleanly(folder, log)

    started = time.monotonic()
    with make_up(folder, log, end=signal.SIGTERM) as process:
        again = wait_for_the_table(process, log, 60)
        assert time.monotonic() - started < SECOND_START_SECONDS
        assert _line_with(again, "demo login") == _line_with(table, "demo login")
    assert ended_cleanly(folder, log)


def ended_cleanly(folder: Path, log: Path) -> bool:
    """Tell whether no process is left and nothing had to be killed."""
    eventually(lambda: processes_naming(folder), lambda left: not left, within=30)
    return "killing" not in log.read_text(errors="replace")


def _line_with(text: str, word: str) -> str:
    return next(line for line in text.splitlines() if word in line.lower())
