"""How long a newcomer waits for the chat page, and what it all takes of memory: `make first-start`.

A fresh clone with an empty home, so that everything is downloaded; then the same again with all of it there.
"""

import argparse
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psutil

from tests.benchmarks_page import section_write
from tests.ports import free_ports
from tests.running_stack import PORTS, ROOT

FIRST_SECONDS, SECOND_SECONDS = 120.0, 20.0
LONGEST_SECONDS = 600.0
PASSED_ON = re.compile(
    r"^(PATH|LANG|TZ|CI|PIP_.*|SSL_.*|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|NODE_EXTRA_CA_CERTS)$"
)


@dataclass(frozen=True)
class Start:
    """One start: seconds until the page and both planes answered, and the most memory of all processes."""

    seconds: float
    peak_bytes: int


def main() -> int:
    """Measure both starts; returns 1 when one takes too long."""
    given = argparse.ArgumentParser(prog="make first-start", description=__doc__)
    given.add_argument("--write", action="store_true", help="put the figures into docs/benchmarks.md")
    wanted = given.parse_args()
    place = Path(tempfile.mkdtemp(prefix="threadplane-first-"))
    place.chmod(0o755)  # the database's own user has to get through
    try:
        subprocess.run(["git", "clone", "-q", ROOT, place / "project"], check=True)
        (place / "home").mkdir()
        first, second = (_started(place) for _ in range(2))
    finally:
        shutil.rmtree(place, ignore_errors=True)
    told = (
        f"A fresh clone with empty caches: the chat page after {first.seconds:.0f} s, downloads included "
        f"({FIRST_SECONDS:.0f} are allowed); the second start after {second.seconds:.0f} s "
        f"({SECOND_SECONDS:.0f}). All processes together take {second.peak_bytes / 1e6:.0f} MB at most."
    )
    sys.stdout.write(f"{told}\n")
    if wanted.write:
        day = f"{datetime.now(UTC):%Y-%m-%d}, 2 cores, {platform.machine()}"
        section_write("first-start", f"## The first start\n\n`make first-start`, {day}. {told}")
    return 0 if first.seconds < FIRST_SECONDS and second.seconds < SECOND_SECONDS else 1


def _started(place: Path) -> Start:
    ports = dict(zip(PORTS, map(str, free_ports(len(PORTS))), strict=True))
    own = {name: value for name, value in os.environ.items() if PASSED_ON.fullmatch(name)}
    page = f"http://127.0.0.1:{ports['CONTROL_PLANE_PORT']}"
    began = time.perf_counter()
    process = subprocess.Popen(
        ["make", "up"],
        cwd=place / "project",
        env={**own, **ports, "HOME": str(place / "home"), "TERM": "dumb"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        peak = 0
        while not _is_working(page):
            assert process.poll() is None, "make up ended by itself"
            assert time.perf_counter() - began < LONGEST_SECONDS, "make up takes too long"
            time.sleep(0.1)
        seconds = time.perf_counter() - began
        for _ in range(10):
            peak = max(peak, _memory_of(process.pid))
            time.sleep(0.5)
        return Start(seconds, peak)
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(timeout=60)


def _is_working(url: str) -> bool:
    """Whether the page, its script and both planes are there."""
    try:
        if httpx.get(f"{url}/health/ready/", timeout=2).status_code != httpx.codes.OK:
            return False
        page = httpx.get(f"{url}/chat/", timeout=2)
        (script, *_) = re.findall(r'src="(/static/webchat/[^"]+\.js)"', page.text)
        return httpx.get(f"{url}{script}", timeout=2).is_success
    except (httpx.HTTPError, ValueError):
        return False


def _memory_of(pid: int) -> int:
    """The memory of the process and all below it; what they share is counted once."""
    total = 0
    for process in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True)):
        try:
            total += process.memory_full_info().pss
        except psutil.NoSuchProcess:
            continue
    return total


if __name__ == "__main__":
    sys.exit(main())
