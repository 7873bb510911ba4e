"""Compares the whole system to the bare Agent Server: `make bench`. It talks to loopback alone."""

import argparse
import asyncio
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.bench.processes import bytes_of
from tests.bench.report import Line, lines_of, table_of, write_report
from tests.bench.rounds import Load, Pids, load
from tests.bench.sides import Side
from tests.bench.system import WORDS, Bench

STREAMS = (1, 20, 100)
BOUND_AT = 20
ROUNDS, EACH = {1: 5, 20: 5, 100: 2}, {1: 6, 20: 3, 100: 2}
SETTLED = """
    SELECT r.thread_id, r.id, extract(epoch FROM u.settled_at) AS settled
    FROM runs_run r JOIN usage_tokenusage u ON u.run_id = r.id
    WHERE r.id = ANY(%s)
"""


def _tell(what: str) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def main() -> int:
    """Measure; returns 1 when a ratio does not keep to its bound."""
    given = argparse.ArgumentParser(prog="make bench", description=__doc__)
    given.add_argument("--streams", type=int, nargs="*", default=STREAMS)
    given.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    wanted = given.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="threadplane-bench-"))
    folder.chmod(0o755)  # the database's own user has to get through
    try:
        with Bench.running(folder, users=max(wanted.streams)) as bench:
            lines, notes, loads = asyncio.run(_measure(bench, wanted.streams))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    _tell(table_of(lines, notes))
    if wanted.write:
        write_report(lines, notes, loads)
    return 0 if all(line.is_good for line in lines) else 1


async def _measure(bench: Bench, streams: Sequence[int]) -> tuple[list[Line], list[str], list[Load]]:
    lines: list[Line] = []
    notes: list[str] = []
    loads: list[Load] = []
    await load(_sides(bench), streams=min(streams), rounds=1, each=3, question=WORDS)  # warm
    for count in streams:
        _tell(f"bench: {count} at once")
        rounds, each = ROUNDS.get(count, 3), EACH.get(count, 2)
        bare, governed, rest = await load(
            _sides(bench), streams=count, rounds=rounds, each=each, question=WORDS
        )
        loads += [bare, governed, rest]
        lines += lines_of(bare, governed, is_bound=count == BOUND_AT)
        lines.append(_passed_through(governed, rest, is_bound=count == BOUND_AT))
        notes.append(_lag(bench, governed))
        notes.append(_shares(governed))
    notes.append(await _memory(bench, max(streams)))
    return lines, notes, loads


def _sides(bench: Bench) -> list[tuple[Side, Pids]]:
    ours: Callable[[], dict[str, list[int]]] = bench.pids_of_governed
    return [
        (bench.bare_side(), bench.pids_of_bare),
        (bench.governed_side(), ours),
        (bench.rest_side(), ours),
    ]


def _passed_through(direct: Load, rest: Load, *, is_bound: bool) -> Line:
    """REST passes the same stream on: turns a second, to those of clients that ask the Agent Server."""
    what = f"{rest.streams} at once: turns through REST, to direct ones"
    return Line(what, direct.throughput, rest.throughput, "a second", least=0.9 if is_bound else None)


def _lag(bench: Bench, governed: Load) -> str:
    ended = {turn.run_id: turn.ended_at for turn in governed.turns}
    deadline = time.monotonic() + 60
    while True:
        rows = bench.rows(SETTLED, list(ended))
        settled = {str(row["id"]): float(row["settled"]) for row in rows if row["settled"] is not None}
        if len(settled) == len(ended) or time.monotonic() > deadline:
            break
        time.sleep(0.5)
    lags = sorted(settled[run] - ended[run] for run in settled)
    p95 = lags[int(0.95 * len(lags))] if lags else float("nan")
    median = statistics.median(lags) if lags else float("nan")
    return (
        f"{governed.streams} at once: {len(settled)} of {len(ended)} runs settled, "
        f"p50 {median:.2f} s and p95 {p95:.2f} s after their end."
    )


def _shares(governed: Load) -> str:
    shares = ", ".join(f"{part} {governed.cpu_per_turn(part):.0f} ms" for part in governed.cpu)
    wait = governed.median(lambda turn: turn.waited)
    waits = f"its wait in the queue {wait:.0f} ms (p50)"
    return f"{governed.streams} at once: a turn's processor time: {shares}; {waits}."


async def _memory(bench: Bench, streams: int) -> str:
    side = bench.rest_side()
    pids = bench.pids_of_governed()["django"]
    before = bytes_of(pids)
    most = before

    async def watch() -> None:
        nonlocal most
        while True:
            most = max(most, bytes_of(pids))
            await asyncio.sleep(0.2)

    watching = asyncio.create_task(watch())
    await load([(side, dict)], streams=streams, rounds=1, each=1, question=WORDS)
    watching.cancel()
    return (
        f"Django's memory while {streams} streams were open: {(most - before) / streams / 1000:.0f} kB each."
    )


if __name__ == "__main__":
    sys.exit(main())
