"""Rounds of turns at once, the sides asked in turn so that all of them have the same machine."""

import asyncio
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import httpx

from tests.bench.processes import seconds_of
from tests.bench.sides import LONGEST_TURN_SECONDS, Side, Turn


@dataclass
class Load:
    """What one side did under so many streams at once, over all rounds."""

    side: str
    streams: int
    turns: list[Turn] = field(default_factory=list)
    seconds: float = 0.0
    cpu: dict[str, float] = field(default_factory=dict)

    @property
    def throughput(self) -> float:
        """Turns a second."""
        return len(self.turns) / self.seconds

    def cpu_per_turn(self, *parts: str) -> float:
        """Milliseconds of processor time a turn, of these parts or of all."""
        return sum(self.cpu[part] for part in parts or self.cpu) / len(self.turns) * 1000

    def quantile(self, what: Callable[[Turn], float], share: float) -> float:
        """A quantile over the turns, in milliseconds."""
        values = sorted(what(turn) for turn in self.turns)
        return values[min(int(share * len(values)), len(values) - 1)]

    def median(self, what: Callable[[Turn], float]) -> float:
        """The median over the turns, in milliseconds."""
        return statistics.median(what(turn) for turn in self.turns)


Pids = Callable[[], dict[str, list[int]]]


async def load(
    sides: Sequence[tuple[Side, Pids]], *, streams: int, rounds: int, each: int, question: str
) -> list[Load]:
    """Let `streams` users of each side have `each` turns one after another, in each of the rounds."""
    found = [Load(side.name, streams) for side, _ in sides]
    limits = httpx.Limits(max_connections=streams, max_keepalive_connections=streams)
    async with httpx.AsyncClient(timeout=LONGEST_TURN_SECONDS, limits=limits) as http:
        for number in range(rounds):
            for (side, pids), into in zip(sides, found, strict=True):
                await _round(http, side, pids(), into, each=each, question=f"{question} {number}")
    return found


async def _round(
    http: httpx.AsyncClient, side: Side, pids: dict[str, list[int]], into: Load, *, each: int, question: str
) -> None:
    before = {part: seconds_of(of) for part, of in pids.items()}
    began = time.perf_counter()

    async def one(user_number: int) -> None:
        for turn in range(each):
            words = f"{question} {user_number} {turn}"
            into.turns.append(await side.turn(http, side.users[user_number], words))

    await asyncio.gather(*(one(number) for number in range(into.streams)))
    into.seconds += time.perf_counter() - began
    # What is done behind an answer, such as its settlement, belongs to its cost.
    await asyncio.sleep(2.0)
    for part, of in pids.items():
        into.cpu[part] = into.cpu.get(part, 0.0) + seconds_of(of) - before[part]
