"""Orphans: what has lost the other half that it was made with, one module per place."""

from controlplane.upkeep.orphans.database import IndexOfDeletedSessions, TokensWithoutUser
from controlplane.upkeep.orphans.files import DocumentsWithoutFile, FilesWithoutDocument
from controlplane.upkeep.orphans.records import RecordsWithoutRun
from controlplane.upkeep.orphans.search import Orphan, Search
from controlplane.upkeep.orphans.threads import SessionsWithoutThread, ThreadsWithoutSession

SEARCHES: tuple[Search, ...] = (
    ThreadsWithoutSession(),
    SessionsWithoutThread(),
    RecordsWithoutRun(),
    DocumentsWithoutFile(),
    FilesWithoutDocument(),
    IndexOfDeletedSessions(),
    TokensWithoutUser(),
)

__all__ = ["SEARCHES", "Orphan", "Search"]
