"""Ends what a killed supervisor left behind, and nothing else; reads /proc, so it works on Linux only."""

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from controlplane.embedded.data_folder import write_private_json

PROC = Path("/proc")
GRACE_SECONDS = 15.0
POLL_SECONDS = 0.1


@dataclass(frozen=True)
class _Process:
    """A line of /proc/PID/stat; `started` is in clock ticks since the machine's boot."""

    pid: int
    state: str
    session: int
    started: int


def remember_children(path: Path, pids: Mapping[str, int]) -> None:
    """Write down the sessions that the supervisor has started, with what tells them from later ones."""
    children = [
        {"part": part, "pid": pid, "started": process.started, "boot": _boot_id()}
        for part, pid in pids.items()
        if (process := _read_process(pid))
    ]
    write_private_json(path, children)


async def end_leftovers(path: Path, *, grace_seconds: float = GRACE_SECONDS) -> tuple[str, ...]:
    """End the processes of a supervisor that was killed; return the names of their parts.

    The caller holds the data folder's lock, so no living supervisor owns them.
    """
    children = _recall_children(path)
    found = {str(child["part"]): pids for child in children if (pids := _left_of(child))}
    for part, pids in found.items():
        _signal(pids, signal.SIGINT if part == "postgres" else signal.SIGTERM)
    await _wait_until_gone([child for child in children if child["part"] in found], grace_seconds)
    return tuple(found)


def _recall_children(path: Path) -> list[dict[str, object]]:
    try:
        children: list[dict[str, object]] = json.loads(path.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return []
    path.unlink()
    return children


async def _wait_until_gone(children: list[dict[str, object]], grace_seconds: float) -> None:
    deadline = asyncio.get_running_loop().time() + grace_seconds
    while left := [pid for child in children for pid in _left_of(child)]:
        if asyncio.get_running_loop().time() > deadline:
            _signal(left, signal.SIGKILL)
        await asyncio.sleep(POLL_SECONDS)


def _left_of(child: Mapping[str, object]) -> list[int]:
    """Return the living processes of a session, none when its number belongs to somebody else by now."""
    session, started = child["pid"], child["started"]
    if not isinstance(session, int) or child["boot"] != _boot_id():
        return []
    leader = _read_process(session)
    if leader and leader.started != started:
        return []
    return [
        process.pid for process in _all_processes() if process.session == session and process.state != "Z"
    ]


def _signal(pids: Iterable[int], how: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, how)


def _all_processes() -> Iterable[_Process]:
    if not PROC.is_dir():
        return
    for entry in PROC.iterdir():
        if entry.name.isdecimal() and (process := _read_process(int(entry.name))):
            yield process


def _read_process(pid: int) -> _Process | None:
    try:
        text = (PROC / str(pid) / "stat").read_text()
    except OSError:
        return None
    # The command's name in brackets may hold spaces and brackets itself.
    fields = text.rpartition(")")[2].split()
    return _Process(pid, state=fields[0], session=int(fields[3]), started=int(fields[19]))


def _boot_id() -> str:
    try:
        return (PROC / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
