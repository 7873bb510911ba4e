"""Tables that tests show: collected from all workers and printed once, at the end of the run."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

FOLDER = "TESTS_SHOWN_TABLES"


def show_table(text: str) -> None:
    """Have a table printed below the results, whether it was a good one or not."""
    path = Path(os.environ[FOLDER]) / f"{time.time_ns()}-{os.getpid()}.txt"
    path.write_text(text)


def shown_tables() -> Iterator[str]:
    """Give the tables in the order in which they were shown."""
    for path in sorted(Path(os.environ[FOLDER]).glob("*.txt")):
        yield path.read_text()
