"""Whether an Agent Server's log tells of code that held its event loop up; of the whole suite, one figure."""

import os
from pathlib import Path

from tests.shown_tables import FOLDER

# What `langgraph dev` puts into the error that such a call ends with.
SIGN = "identified a synchronous blocking call"


class BlockingCallsFound(AssertionError):
    """Raised with the lines about them."""


def blocking_calls_in(log: Path) -> list[str]:
    """Give the lines that tell of one, from a log and the one that it was before it grew too long."""
    files = sorted(log.parent.glob(f"{log.name}*"))
    lines = (line for file in files for line in file.read_text(errors="replace").splitlines())
    return [line for line in lines if SIGN in line]


def require_no_blocking_calls(log: Path) -> None:
    """Note how many there were, for the figure in the end, and fail if there were any."""
    if not log.exists():
        return
    found = blocking_calls_in(log)
    note = str(log.resolve()).replace("/", "_")
    # Set by the test session alone, which adds them up; programs that start a server only look.
    if folder := os.environ.get(FOLDER):
        (Path(folder) / f"{note}.blocking").write_text(str(len(found)))
    if found:
        raise BlockingCallsFound("\n".join(found[:5]))


def blocking_calls_line() -> str:
    """Sum up what was noted of all servers; empty where none ran."""
    notes = [int(path.read_text()) for path in Path(os.environ[FOLDER]).glob("*.blocking")]
    return f"blocking calls in {len(notes)} logs of Agent Servers: {sum(notes)}" if notes else ""
