"""Files of archived months: one gzip of JSON lines each, and a manifest that says what must be in it."""

import gzip
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from hashlib import file_digest
from pathlib import Path
from typing import Any, Final

VERSION: Final = 1
# No row comes near; a file that was made up must not fill the memory.
LONGEST_LINE: Final = 100_000


class BadFile(Exception):
    """The file or its manifest is not what was written; the message says how."""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a file holds: calls, tokens and US dollars, and its digest."""

    version: int
    month: str
    file_name: str
    sha256: str
    calls: int
    tokens: int
    cost: str


def write_rows(path: Path, rows: Iterable[dict[str, Any]]) -> tuple[int, int, Decimal]:
    """Write rows to a new file, safely on the disk before it has its name; returns calls, tokens and cost."""
    calls, tokens, cost = 0, 0, Decimal(0)
    part = path.with_name(f"{path.name}.part")
    with part.open("wb") as raw:
        # Without name and time, so that the same rows make the same file.
        with gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) as lines:
            for row in rows:
                lines.write(json.dumps(row, default=_plain).encode() + b"\n")
                calls += 1
                tokens += row["prompt_tokens"] + row["completion_tokens"]
                cost += row["total_cost"] or Decimal(0)
        raw.flush()
        os.fsync(raw.fileno())
    _give_name(part, path)
    return calls, tokens, cost


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write a manifest beside its file; without one the file does not count."""
    path = folder / f"usage-{manifest.month}.manifest.json"
    part = path.with_name(f"{path.name}.part")
    with part.open("w") as raw:
        json.dump(asdict(manifest), raw, indent=2)
        raw.flush()
        os.fsync(raw.fileno())
    _give_name(part, path)


def read_manifest(path: Path) -> Manifest:
    """Read a manifest. Raises BadFile."""
    try:
        manifest = Manifest(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise BadFile(f"{path} is no manifest of an archived month: {error}") from error
    if manifest.version != VERSION or Path(manifest.file_name).name != manifest.file_name:
        raise BadFile(f"{path} is of another version, or names a file elsewhere.")
    return manifest


def verify(folder: Path, manifest: Manifest) -> Path:
    """Read a whole file back, and give its path. Raises BadFile unless everything is in it."""
    path = folder / manifest.file_name
    try:
        with path.open("rb") as raw:
            digest = file_digest(raw, "sha256").hexdigest()
    except OSError as error:
        raise BadFile(f"{path} cannot be read: {error}") from error
    if digest != manifest.sha256:
        raise BadFile(f"{path} is not the file that was written: its SHA-256 differs.")
    if (calls := sum(1 for _ in read_rows(path))) != manifest.calls:
        raise BadFile(f"{path} has {calls} calls in place of {manifest.calls}.")
    return path


def digest_of(path: Path) -> str:
    """Give a file's SHA-256, as hexadecimal digits."""
    with path.open("rb") as raw:
        return file_digest(raw, "sha256").hexdigest()


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Read the rows one by one. Raises BadFile."""
    try:
        with gzip.open(path, "rb") as lines:
            while line := lines.readline(LONGEST_LINE):
                yield json.loads(line)
    except (OSError, EOFError, ValueError) as error:
        raise BadFile(f"{path} cannot be read: {error}") from error


def _plain(value: object) -> str:
    # Not Django's encoder, which cuts moments off at the millisecond.
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _give_name(part: Path, path: Path) -> None:
    part.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
