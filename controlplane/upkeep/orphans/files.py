"""Documents whose file is lost, and files that no document names."""

import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar, Final

from asgiref.sync import sync_to_async
from django.conf import settings

from controlplane.documents.models import UserDocument
from controlplane.documents.storage import private_storage
from controlplane.upkeep.orphans.search import PAGE, Orphan
from sdk_bridge import Bridge

# How documents.storage spreads its files; what else lies there is not a document's.
FOLDER: Final = re.compile(r"[0-9a-f]{2}")


class DocumentsWithoutFile:
    """Their file cannot be made again: they are reported, for a backup to be looked into."""

    kind: ClassVar = "document_without_file"

    async def find(self, bridge: Bridge, *, older_than: datetime) -> AsyncIterator[Orphan]:  # noqa: ARG002  # of all searches
        """Walk over documents and look for each file."""
        documents = UserDocument.objects.filter(created_at__lt=older_than).order_by("pk")
        found = documents.values_list("pk", "file", "user_id")
        page = [row async for row in found[:PAGE]]
        while page:
            for document_id, name, owner_id in page:
                if not await sync_to_async(private_storage().exists)(name):
                    yield Orphan(
                        kind=self.kind,
                        subject_id=str(document_id),
                        remedy="none: look into a backup, or delete it",
                        concerns_id=owner_id,
                    )
            page = [row async for row in found.filter(pk__gt=page[-1][0])[:PAGE]]

    async def repair(self, bridge: Bridge, orphan: Orphan) -> bool:  # noqa: ARG002  # of all searches
        """Nothing here could bring it back."""
        return False


class FilesWithoutDocument:
    """What an upload or a deletion left behind that was killed between file and row."""

    kind: ClassVar = "file_without_document"

    async def find(self, bridge: Bridge, *, older_than: datetime) -> AsyncIterator[Orphan]:  # noqa: ARG002  # of all searches
        """Look through one folder after the other."""
        for folder in await sync_to_async(_folders)():
            names = await sync_to_async(_old_files)(folder, older_than)
            for start in range(0, len(names), PAGE):
                some = names[start : start + PAGE]
                rows = UserDocument.objects.filter(file__in=some).values_list("file", flat=True)
                kept = {name async for name in rows}
                for name in some:
                    if name not in kept:
                        yield Orphan(kind=self.kind, subject_id=name, remedy="delete it")

    async def repair(self, bridge: Bridge, orphan: Orphan) -> bool:  # noqa: ARG002  # of all searches
        """Delete it."""
        if await UserDocument.objects.filter(file=orphan.subject_id).aexists():
            return False
        await sync_to_async(private_storage().delete)(orphan.subject_id)
        return True


def _folders() -> list[Path]:
    root = Path(settings.MEDIA_ROOT)
    return sorted(path for path in root.glob("??") if path.is_dir() and FOLDER.fullmatch(path.name))


def _old_files(folder: Path, older_than: datetime) -> list[str]:
    return [f"{folder.name}/{path.name}" for path in _files(folder) if _changed_at(path) < older_than]


def _files(folder: Path) -> Iterator[Path]:
    yield from sorted(path for path in folder.iterdir() if path.is_file())


def _changed_at(path: Path) -> datetime:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except FileNotFoundError:
        # Deleted since the folder was listed.
        return datetime.max.replace(tzinfo=UTC)
