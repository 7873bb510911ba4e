"""A file outside of the databases that lists what was deleted: a restored backup does not know.

One JSON object per line, `{"kind", "id", "at"}`: ids and times, nothing else. Lines are only ever added.
"""

import fcntl
import json
import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog

from controlplane.erasure.models import DeletionReceipt

logger = structlog.get_logger(__name__)

MODE = 0o600


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line: what was deleted, and when."""

    kind: str
    subject_id: uuid.UUID
    at: datetime


def append(path: Path, entry: Entry) -> None:
    """Write a line and wait until the disk has it. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    said = {"kind": entry.kind, "id": str(entry.subject_id), "at": entry.at.isoformat()}
    line = json.dumps(said) + "\n"
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, MODE)
    try:
        # Two workers must not mix their lines.
        fcntl.flock(handle, fcntl.LOCK_EX)
        os.write(handle, (_break_before(handle) + line).encode())
        os.fsync(handle)
    finally:
        os.close(handle)


def read(path: Path) -> Iterator[Entry]:
    """Read the lines that a journal has now, not those that are added meanwhile.

    One that was cut off by a crash is passed over, loudly. Raises OSError.
    """
    with path.open("rb") as lines:
        unread = os.fstat(lines.fileno()).st_size
        for number, line in enumerate(lines, start=1):
            if unread <= 0:
                return
            unread -= len(line)
            try:
                said = json.loads(line)
                kind = DeletionReceipt.Kind(said["kind"])
                yield Entry(
                    kind=kind, subject_id=uuid.UUID(said["id"]), at=datetime.fromisoformat(said["at"])
                )
            except (ValueError, KeyError, TypeError, AttributeError):
                logger.warning("journal_line_unreadable", line=number)


def _break_before(handle: int) -> str:
    """Begin a line of one's own after one that a crash has cut off."""
    size = os.fstat(handle).st_size
    return "\n" if size and os.pread(handle, 1, size - 1) != b"\n" else ""
