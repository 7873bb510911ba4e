"""The ratios, as a table for the page of benchmarks, and every sample beside it."""

import json
import platform
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from tests.bench.rounds import Load
from tests.bench.sides import Turn
from tests.benchmarks_page import SAMPLES, section_write

ABOUT = """## Against the bare Agent Server

`make bench`, {day}, 2 cores, {machine}: the same graph, the same Postgres, the same scripted model (60 words
in pieces, 10 ms apart), with the whole control plane and without any; rounds in turn, in one run. The wait in
the development server's queue is taken off on both sides. Processor time counts the Agent Server and all of
the control plane, also what is done behind an answer; not Postgres, the model and the client. The client and
all servers share two cores. Every sample is in [benchmarks/bench.json](benchmarks/bench.json).

"""


def first(turn: Turn) -> float:
    """To the first words, net of the queue."""
    return turn.first_net


def end(turn: Turn) -> float:
    """To the end, net of the queue."""
    return turn.end_net


@dataclass(frozen=True)
class Line:
    """One ratio, and the bound that it keeps to where it has one."""

    what: str
    bare: float
    ours: float
    unit: str
    most: float | None = None
    least: float | None = None

    @property
    def ratio(self) -> float:
        """Ours to the bare one's."""
        return self.ours / self.bare if self.bare else float("inf")

    @property
    def is_good(self) -> bool:
        """Whether it keeps to its bound."""
        return (self.most is None or self.ratio <= self.most) and (
            self.least is None or self.ratio >= self.least
        )

    def row(self) -> str:
        """A row of the table."""
        bound = f"≤ {self.most}" if self.most else f"≥ {self.least}" if self.least else ""
        both = f"{self.bare:.1f} {self.unit} | {self.ours:.1f} {self.unit}"
        return f"| {self.what} | {both} | {self.ratio:.2f} | {bound} |"


def lines_of(bare: Load, ours: Load, *, is_bound: bool) -> list[Line]:
    """Compare two loads of as many streams."""
    on = f"{bare.streams} streams" if bare.streams > 1 else "1 stream"
    bounds: dict[str, dict[str, float]] = (
        {"p50": {"most": 1.25}, "p95": {"most": 1.5}, "rate": {"least": 0.85}, "cpu": {"most": 1.2}}
        if is_bound
        else {"p50": {}, "p95": {}, "rate": {}, "cpu": {}}
    )
    return [
        Line(f"{on}: first words, p50", bare.median(first), ours.median(first), "ms", **bounds["p50"]),
        Line(
            f"{on}: first words, p95",
            bare.quantile(first, 0.95),
            ours.quantile(first, 0.95),
            "ms",
            **bounds["p95"],
        ),
        Line(f"{on}: end, p50", bare.median(end), ours.median(end), "ms"),
        Line(f"{on}: accepted, p50", bare.median(_accepted), ours.median(_accepted), "ms"),
        Line(f"{on}: turns", bare.throughput, ours.throughput, "a second", **bounds["rate"]),
        Line(
            f"{on}: processor time of a turn", bare.cpu_per_turn(), ours.cpu_per_turn(), "ms", **bounds["cpu"]
        ),
    ]


def _accepted(turn: Turn) -> float:
    return turn.accepted


def table_of(lines: Iterable[Line], notes: Iterable[str]) -> str:
    """The table, and what it does not say."""
    rows = "\n".join(line.row() for line in lines)
    head = "| | bare | ours | ratio | asked |\n|---|---:|---:|---:|---|"
    told = "\n".join(f"- {note}" for note in notes)
    return f"{head}\n{rows}\n\n{told}"


def write_report(lines: list[Line], notes: list[str], loads: list[Load]) -> None:
    """Put the table on the page, and the samples beside it."""
    day = f"{datetime.now(UTC):%Y-%m-%d}"
    about = ABOUT.format(day=day, machine=platform.machine())
    section_write("bench", about + table_of(lines, notes))
    SAMPLES.mkdir(exist_ok=True)
    samples = [{**asdict(load), "turns": [asdict(turn) for turn in load.turns]} for load in loads]
    (SAMPLES / "bench.json").write_text(json.dumps({"date": day, "loads": samples}, separators=(",", ":")))
