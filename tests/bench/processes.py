"""What processes cost: their processor time and their memory, with all that they started."""

from collections.abc import Iterable, Mapping

import psutil


def tree_of(pid: int) -> list[psutil.Process]:
    """The process and everything below it."""
    try:
        top = psutil.Process(pid)
        return [top, *top.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def seconds_of(pids: Iterable[int]) -> float:
    """Processor seconds so far, of the processes and of all below them, those that have ended included."""
    total = 0.0
    for process in (one for pid in pids for one in tree_of(pid)):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total


def bytes_of(pids: Iterable[int]) -> int:
    """Memory that belongs to the processes alone, and to all below them."""
    total = 0
    for process in (one for pid in pids for one in tree_of(pid)):
        try:
            total += process.memory_full_info().uss
        except psutil.NoSuchProcess:
            continue
    return total


def parts_of(pids: Mapping[str, int], names: Iterable[str]) -> list[int]:
    """The pids of these parts."""
    return [pids[name] for name in names]
