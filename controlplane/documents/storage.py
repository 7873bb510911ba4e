"""Where files are kept: under names of ours, readable by this account alone, and at no address."""

import re
import unicodedata
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any

from django.conf import settings

from controlplane.documents.folders import PrivateStorage

if TYPE_CHECKING:
    from django.core.files import File

    from controlplane.documents.buckets import PrivateBucket

LONGEST_NAME = 200
UNNAMED = "document"
# Of both families of systems: a name may have been typed on either.
FOLDERS = re.compile(r"[/\\]")
MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,40}/[a-z0-9][a-z0-9!#$&^_.+-]{0,57}", re.IGNORECASE)
UNKNOWN_TYPE = "application/octet-stream"


def private_storage() -> "PrivateStorage | PrivateBucket":
    """Give the storage when it is needed; migrations name this function, not a folder."""
    if not settings.DOCUMENTS_S3_BUCKET:
        return PrivateStorage()
    # Its library is large, and most have no use for it.
    from controlplane.documents.buckets import bucket  # noqa: PLC0415

    return bucket()


@contextmanager
def on_disk(file: "File[bytes]") -> Iterator[Path]:
    """Give the path of an open file, or of a copy that goes afterwards where it lies on no disk of ours."""
    if not settings.DOCUMENTS_S3_BUCKET:
        yield Path(str(file.name))
        return
    with NamedTemporaryFile(prefix="document-") as copy:
        for piece in file.chunks():
            copy.write(piece)
        copy.flush()
        yield Path(copy.name)


def storage_name(document: Any, filename: str) -> str:  # noqa: ARG001  # Django passes them
    """Name a stored file; nothing that the user typed reaches the disk."""
    name = uuid.uuid4().hex
    # Spread, so that no folder grows without bounds.
    return f"{name[:2]}/{name}"


def shown_name(given: str) -> str:
    """Clean a file's name for display: no folders, no control or direction marks, bounded, never empty."""
    last = FOLDERS.split(unicodedata.normalize("NFC", given))[-1]
    visible = "".join(letter for letter in last if unicodedata.category(letter)[0] != "C")
    name = " ".join(visible.split()).strip(". ")
    if len(name) > LONGEST_NAME:
        stem, dot, ending = name.rpartition(".")
        kept = f"{dot}{ending}" if stem and len(ending) <= 10 else ""  # noqa: PLR2004  # longer is no ending
        name = name[: LONGEST_NAME - len(kept)].rstrip() + kept
    return name or UNNAMED


def claimed_type(given: str | None) -> str:
    """Take over a media type that is written like one; what the file really is, is found out later."""
    said = (given or "").partition(";")[0].strip().lower()
    return said if MEDIA_TYPE.fullmatch(said) else UNKNOWN_TYPE
