"""Writes what searches in many chunks took and found: a table for readers, the samples beside it."""

import json
import os
import platform
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from tests.benchmarks_page import SAMPLES, section_write

if TYPE_CHECKING:
    from tests.scale.chunk_run import Found

RAW = SAMPLES / "chunks.json"


def write_report(found: "Found", *, users: int, heavy: int) -> None:
    """Print the table and put it into the page in place of the one before."""
    table = _table(found, users)
    sys.stdout.write(f"{table}\n")
    shares = "; ".join(
        f"{who}: " + ", ".join(f"{name} {share:.3f}" for name, share in parts.items())
        for who, parts in found.recall.items()
    )
    samples = len(next(iter(found.samples.values()))[0])
    said = (
        f"`make scale`, {datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {platform.machine()}, embedded "
        f"Postgres. A user with 1,000 chunks asks among 10 users with as many, and among {users:,} and one "
        f"with {heavy:,}; vectors of real sentences, moved by a seeded noise. Milliseconds of "
        f"`passages_find`, by meaning and by words, without the call for the question's embedding; {samples} "
        f"samples each, in turn in one run, 25 of the large user. Recall of the five nearest against all "
        f"distances, by meaning alone: {shares}. Every sample is in "
        "[benchmarks/chunks.json](benchmarks/chunks.json)."
    )
    if found.graph:
        said += (
            "\n\nFor comparison, HNSW over the large user's collection alone (iterative scan, strict order): "
            f"made in {found.graph.seconds:.0f} s, {found.graph.megabytes:.0f} MB; 60 candidates by "
            "meaning, p95 "
            + ", ".join(f"{name} {ms:.1f} ms" for name, ms in found.graph.p95.items())
            + "; recall of the five nearest "
            + ", ".join(f"{name} {share:.3f}" for name, share in found.graph.recall.items())
            + ". The product does not use it."
        )
    RAW.parent.mkdir(exist_ok=True)
    rounded = {
        "among few and among many": {
            name: [[round(ms, 2) for ms in part] for part in parts] for name, parts in found.samples.items()
        },
        "large user": {name: [round(ms, 2) for ms in part] for name, part in found.heavy.items()},
        "recall": found.recall,
        "hnsw": asdict(found.graph) if found.graph else None,
    }
    RAW.write_text(json.dumps(rounded).replace("]], ", "]],\n") + "\n")
    section_write("chunks", f"## Search in many chunks\n\n{said}\n\n{table}")


def _table(found: "Found", users: int) -> str:
    lines = [
        f"| p95 in ms | among 10 users | among {users:,} | ratio | the large user |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, parts in found.samples.items():
        few, many = (float(np.percentile(part, 95)) for part in parts)
        large = float(np.percentile(found.heavy[name], 95))
        lines.append(f"| {name} | {few:.1f} | {many:.1f} | {many / few:.2f} | {large:.0f} |")
    return "\n".join(lines)
