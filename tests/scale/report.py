"""Writes the figures where readers look for them: a table in docs/benchmarks.md, every sample beside it."""

import json
import os
import platform
import sys
from dataclasses import dataclass
from datetime import UTC, datetime

from tests.benchmarks_page import SAMPLES, section_write

RAW = SAMPLES / "scale.json"


@dataclass(frozen=True, kw_only=True)
class Result:
    """Medians in milliseconds, and what they are medians of."""

    question: str
    small: float
    large: float
    samples: tuple[list[float], list[float]]

    @property
    def ratio(self) -> float:
        """How many times as long the large one takes."""
        return self.large / self.small


def write_report(results: list[Result], *, sizes: tuple[tuple[int, int], tuple[int, int]]) -> None:
    """Print the table and put it into the page in place of the one before."""
    table = _table(results)
    sys.stdout.write(f"{table}\n")
    (small, small_usage), (large, large_usage) = sizes
    said = (
        f"`make scale`, {datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {platform.machine()}, "
        f"embedded Postgres and Valkey. Small: {small:,} sessions, {small_usage:,} usage rows. "
        f"Large: {large:,} and {large_usage:,}. Both hold a heavy user of 2,000 sessions and an ordinary "
        "one of 100; the others are skewed. Milliseconds of whole requests (for the limit check of the "
        "call), medians of "
        f"{len(results[0].samples[0])} each, asked in turn in one run; what is asked of everybody adds up "
        "more on the large one, and is not held to a ratio; every sample is in "
        "[benchmarks/scale.json](benchmarks/scale.json)."
    )
    RAW.parent.mkdir(exist_ok=True)
    rounded = {r.question: [[round(ms, 2) for ms in part] for part in r.samples] for r in results}
    RAW.write_text(json.dumps(rounded, indent=None).replace("]], ", "]],\n") + "\n")
    section_write("scale", f"## A hundred times as much\n\n{said}\n\n{table}")


def _table(results: list[Result]) -> str:
    lines = ["| question | small, ms | large, ms | ratio |", "|---|---:|---:|---:|"]
    lines += [f"| {r.question} | {r.small:.1f} | {r.large:.1f} | {r.ratio:.2f} |" for r in results]
    return "\n".join(lines)
