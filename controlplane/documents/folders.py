"""Keeps documents in a folder of this machine."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NoReturn

from django.core.files.storage import FileSystemStorage

# How names of stored files are spread; what else lies there is not a document's.
FOLDER: Final = re.compile(r"[0-9a-f]{2}")


class PrivateStorage(FileSystemStorage):
    """Files below MEDIA_ROOT, which no address leads to."""

    def __init__(self) -> None:
        super().__init__(file_permissions_mode=0o600, directory_permissions_mode=0o700)

    def url(self, name: str | None) -> NoReturn:
        """Refuse: who may read a file is decided for each request."""
        raise ValueError(f"{name} has no address of its own")

    def names(self, *, older_than: datetime) -> Iterator[str]:
        """Name the documents' files that were written before a moment, one folder after the other."""
        root = Path(self.location)
        for folder in sorted(
            path for path in root.glob("??") if path.is_dir() and FOLDER.fullmatch(path.name)
        ):
            for path in sorted(path for path in folder.iterdir() if path.is_file()):
                if _changed_at(path) < older_than:
                    yield f"{folder.name}/{path.name}"


def _changed_at(path: Path) -> datetime:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except FileNotFoundError:
        # Deleted since the folder was listed.
        return datetime.max.replace(tzinfo=UTC)
