"""Packs pieces and documents into one zip with a manifest, however large, in constant memory."""

import hashlib
import os
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final

import structlog

from controlplane.documents.models import UserDocument
from controlplane.documents.services import document_open
from controlplane.documents.storage import shown_name
from controlplane.errors import NotFound
from controlplane.takeout.models import AccountExport
from controlplane.takeout.rows import as_json
from controlplane.takeout.staging import PRIVATE_FILE, Staging

logger = structlog.get_logger(__name__)

PIECE: Final = 256 * 1024
MANIFEST: Final = "manifest.json"
FORMAT: Final = 1


@dataclass
class Packing:
    """A zip that is being written, and what is in it so far."""

    archive: zipfile.ZipFile
    files: list[dict[str, Any]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def add(self, name: str, source: IO[bytes], *, compressed: bool = True) -> None:
        """Copy one file in, some kilobytes at a time."""
        entry = zipfile.ZipInfo(name, date_time=datetime.now(UTC).timetuple()[:6])
        entry.compress_type = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
        entry.external_attr = PRIVATE_FILE << 16
        digest, size = hashlib.sha256(), 0
        with self.archive.open(entry, "w", force_zip64=True) as out:
            while piece := source.read(PIECE):
                out.write(piece)
                digest.update(piece)
                size += len(piece)
        self.files.append({"name": name, "bytes": size, "sha256": digest.hexdigest()})

    def close_with_manifest(self, export: AccountExport) -> None:
        """Say at the end what is in the file, and what could not be had."""
        manifest = {
            "format": FORMAT,
            "export_id": export.pk,
            "user_id": export.user_id,
            "created_at": export.created_at,
            "packed_at": datetime.now(UTC),
            "counts": export.counts,
            "missing": self.missing,
            "files": self.files,
        }
        self.archive.writestr(MANIFEST, as_json(manifest))


def pack(export: AccountExport) -> int:
    """Write the export's file and put it in its place; returns its bytes. A repeat begins anew."""
    staging = Staging(export.pk)
    target = staging.unfinished_file
    target.touch(mode=PRIVATE_FILE)
    with target.open("wb") as out:
        with zipfile.ZipFile(out, "w") as archive:
            packing = Packing(archive)
            for name in staging.names():
                with (staging.pieces / name).open("rb") as piece:
                    packing.add(name, piece)
            for document in _documents(export):
                _add_document(packing, document)
            packing.close_with_manifest(export)
        out.flush()
        os.fsync(out.fileno())
    target.replace(staging.file)
    return staging.file.stat().st_size


def _documents(export: AccountExport) -> Iterator[UserDocument]:
    yield from UserDocument.objects.owned_by(export.user_id).order_by("pk").iterator(chunk_size=100)


def _add_document(packing: Packing, document: UserDocument) -> None:
    name = document_name(document)
    try:
        source = document_open(document)
    except NotFound:
        packing.missing.append(name)
        return
    with source:
        # Most are packed already, as PDF and pictures are.
        packing.add(name, source, compressed=False)


def document_name(document: UserDocument) -> str:
    """Name a document's file: by its id, so that no two are the same, then as its user calls it."""
    return f"documents/{document.pk}/{Path(shown_name(document.file_name)).name}"
