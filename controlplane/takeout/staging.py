"""Where exports are on the disk: pieces while one is being made, then the one file; both are private."""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from django.conf import settings

FOLDER = "exports"
PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700
UNFINISHED = ".part"


@dataclass(frozen=True)
class Staging:
    """The places of one export."""

    export_id: uuid.UUID

    @property
    def pieces(self) -> Path:
        """The folder of pieces."""
        return folder() / f"{self.export_id}"

    @property
    def file(self) -> Path:
        """The finished file."""
        return folder() / f"{self.export_id}.zip"

    @property
    def unfinished_file(self) -> Path:
        """The file while it is being packed."""
        return self.file.with_name(self.file.name + UNFINISHED)

    def has(self, name: str) -> bool:
        """Whether a piece is there; what is there is whole."""
        return (self.pieces / name).exists()

    @contextmanager
    def writing(self, name: str) -> Iterator[TextIO]:
        """Write one piece; it appears under its name once it is whole."""
        target = self.pieces / name
        target.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        unfinished = target.with_name(target.name + UNFINISHED)
        with opened_privately(unfinished) as out:
            yield out
        unfinished.replace(target)

    def names(self) -> list[str]:
        """Name the whole pieces, in order."""
        found = (path for path in self.pieces.rglob("*") if path.is_file() and path.suffix != UNFINISHED)
        return sorted(path.relative_to(self.pieces).as_posix() for path in found)

    def size(self) -> int:
        """Add up the bytes of the whole pieces."""
        return sum((self.pieces / name).stat().st_size for name in self.names())

    def discard(self) -> None:
        """Remove everything of this export; repeats do no harm."""
        self.discard_pieces()
        self.unfinished_file.unlink(missing_ok=True)
        self.file.unlink(missing_ok=True)

    def discard_pieces(self) -> None:
        """Remove what the file was packed from."""
        shutil.rmtree(self.pieces, ignore_errors=True)


def folder() -> Path:
    """Give the folder of all exports; nobody else of this machine can look into it."""
    path = Path(settings.MEDIA_ROOT) / FOLDER
    path.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    return path


def kept_ids() -> set[uuid.UUID]:
    """Name the exports of which there is anything on the disk."""
    return {found for path in folder().iterdir() if (found := _id_of(path.name)) is not None}


def opened_privately(path: Path) -> TextIO:
    """Open a file for writing that its first byte on is readable by this account alone."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE)
    return os.fdopen(descriptor, "w", encoding="utf-8", errors="replace", newline="")


def _id_of(name: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(name.partition(".")[0])
    except ValueError:
        return None
