"""Puts the figures of a long thread where readers look for them."""

import json
import os
import platform
import statistics
from dataclasses import asdict
from datetime import UTC, datetime

from tests.benchmarks_page import SAMPLES, section_write
from tests.threads_at_length.measure import PAGE, Figures

RAW = SAMPLES / "threads.json"


def table_of(figures: Figures) -> str:
    """The figures as a table."""
    raw, page = figures.json_bytes, statistics.median(figures.pages)
    early, late = (
        statistics.median(times) for times in (figures.first_token_early, figures.first_token_late)
    )
    lines = [
        f"| a thread of {figures.turns} turns | | of its JSON |",
        "|---|---:|---:|",
        f"| its messages as JSON | {raw:,} bytes | 1.00 |",
        f"| rows before pruning | {figures.bytes_before:,} bytes | {figures.bytes_before / raw:.2f} |",
        f"| rows after pruning | {figures.bytes_after:,} bytes | {figures.bytes_after / raw:.2f} |",
        f"| first token about turn 6 | {early:.0f} ms | |",
        f"| first token about turn {figures.turns} | {late:.0f} ms, {figures.slower:.2f} times | |",
        f"| the state, {2 * figures.turns} messages | {statistics.median(figures.state):.0f} ms | |",
        f"| a page of {PAGE} checkpoints | {page:.0f} ms | |",
    ]
    return "\n".join(lines)


def write_report(figures: Figures) -> None:
    """Put the table into the page in place of the one before, and the samples beside it."""
    said = (
        f"`make threads`, {datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {platform.machine()}: "
        "90 words asked and 180 answered in each turn, on a real Agent Server with a scripted model. Rows "
        "are what Postgres keeps of the thread in all tables, without indexes and free space; with them "
        f"{figures.disk_before:,} bytes before and {figures.disk_after:,} after, the tables written anew. "
        "The first token counts from the start of the run, its wait in the queue taken off; medians of "
        f"{len(figures.first_token_late)}, the long thread and young ones asked in turn. Every sample is in "
        "[benchmarks/threads.json](benchmarks/threads.json)."
    )
    RAW.parent.mkdir(exist_ok=True)
    rounded = {
        name: [round(ms, 2) for ms in value] if isinstance(value, list) else value
        for name, value in asdict(figures).items()
    }
    RAW.write_text(json.dumps(rounded, indent=1) + "\n")
    section_write("threads", f"## A thread of {figures.turns} turns\n\n{said}\n\n{table_of(figures)}")
