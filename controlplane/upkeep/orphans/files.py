"""Documents whose file is lost, and files that no document names."""

from collections.abc import AsyncIterator
from datetime import datetime
from itertools import islice
from typing import ClassVar

from asgiref.sync import sync_to_async

from controlplane.documents.models import UserDocument
from controlplane.documents.storage import private_storage
from controlplane.upkeep.orphans.search import PAGE, Orphan
from sdk_bridge import Bridge


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
        """Look through what is stored."""
        names = private_storage().names(older_than=older_than)
        while some := await sync_to_async(lambda: list(islice(names, PAGE)))():
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
