"""Makes an export, piece by piece: a worker may be killed at any point, and the next goes on from there."""

import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import timedelta
from typing import Final

import structlog
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from controlplane.accounts.models import CustomUser
from controlplane.agent_server.bridges import bridge_for_user
from controlplane.chat.models import ChatSession, ChatSessionQuerySet
from controlplane.documents.models import UserDocument
from controlplane.takeout.conversations import write_conversation
from controlplane.takeout.memories import write_memories
from controlplane.takeout.models import AccountExport
from controlplane.takeout.packing import pack
from controlplane.takeout.rows import Counted, as_json, csv_lines, json_list, rows_of
from controlplane.takeout.staging import Staging
from controlplane.takeout.tables import Table, all_tables
from controlplane.usage.limits import limits_for
from sdk_bridge import Bridge, BridgeError, Retryable

logger = structlog.get_logger(__name__)

# Longer than a worker may take for one stretch, packing included.
CLAIMED_FOR: Final = timedelta(minutes=10)
SECONDS_PER_STRETCH: Final = 60.0
SESSIONS_PER_FETCH: Final = 100
# Whatever keeps an export from being made, nobody waits longer for it.
GIVEN_UP_AFTER: Final = timedelta(days=1)


async def export_make(*, export_id: uuid.UUID) -> bool:
    """Make as much of an export as fits into a minute; returns whether there is more to do at once.

    Does nothing while another worker is at it. Raises Retryable when the Agent Server is away, and
    Unavailable when a file is; the sweep comes back then.
    """
    export = await sync_to_async(export_claim)(export_id=export_id)
    if export is None:
        return False
    try:
        if not export.user.is_active:
            await sync_to_async(export_fail)(export_id=export.pk, error_code="user_inactive")
            return False
        await sync_to_async(_write_tables)(export)
        await write_memories(Staging(export.pk), owner_id=export.user_id)
        if not await _write_conversations(export, deadline=time.monotonic() + SECONDS_PER_STRETCH):
            return True
        await sync_to_async(_finish)(export)
    finally:
        if not await AccountExport.objects.filter(pk=export.pk).aupdate(claimed_until=None):
            # Deleted meanwhile, alone or with its account: what was written since is nobody's.
            await sync_to_async(Staging(export.pk).discard)()
    return False


def export_claim(*, export_id: uuid.UUID) -> AccountExport | None:
    """Take an export for one stretch of work; None when it is over, gone, or another worker's."""
    mine = AccountExport.objects.live().unclaimed().filter(pk=export_id)
    until = timezone.now() + CLAIMED_FOR
    if not mine.update(status=AccountExport.Status.RUNNING, claimed_until=until):
        return None
    export = AccountExport.objects.select_related("user").filter(pk=export_id).first()
    if export is None:
        return None
    documents = UserDocument.objects.owned_by(export.user_id).count()
    total = len(all_tables()) + sessions_of(export.user).count() + documents
    AccountExport.objects.filter(pk=export_id).update(pieces_total=total)
    return export


def export_fail(*, export_id: uuid.UUID, error_code: str) -> None:
    """Give an export up, and what there is of it."""
    failed = AccountExport.objects.live().filter(pk=export_id)
    failed.update(status=AccountExport.Status.FAILED, error_code=error_code, finished_at=Now())
    Staging(export_id).discard()


def session_names(session_id: uuid.UUID) -> tuple[str, str]:
    """Name the two files of a conversation, the one for programs first."""
    return f"conversations/{session_id}.json", f"conversations/{session_id}.md"


def sessions_of(user: CustomUser) -> ChatSessionQuerySet:
    """Give the sessions whose conversations are exported."""
    return ChatSession.objects.owned_by(user.pk).existing().seen()


def _write_tables(export: AccountExport) -> None:
    staging, counts = Staging(export.pk), dict(export.counts)
    for table in all_tables():
        if not staging.has(f"{table.name}.json"):
            counts[table.name] = _write_table(staging, table, export.user_id)
    limits = limits_for(export.user)
    with staging.writing("limits.json") as out:
        out.write(as_json({"per_day": asdict(limits.day), "per_month": asdict(limits.month)}) + "\n")
    mine = AccountExport.objects.filter(pk=export.pk)
    mine.update(counts=counts, pieces_done=len(all_tables()), size_bytes=staging.size())


def _write_table(staging: Staging, table: Table, owner_id: uuid.UUID) -> int:
    if table.as_csv:
        with staging.writing(f"{table.name}.csv") as out:
            out.writelines(csv_lines(table, rows_of(table, owner_id=owner_id)))
    counted = Counted(rows_of(table, owner_id=owner_id))
    with staging.writing(f"{table.name}.json") as out:
        out.writelines(json_list(counted))
    return counted.number


async def _write_conversations(export: AccountExport, *, deadline: float) -> bool:
    """Write those that are not there yet; returns whether all are."""
    staging, done = Staging(export.pk), len(all_tables())
    async with bridge_for_user(export.user) as bridge:
        async for session in _walk(export.user):
            if not staging.has(session_names(session.pk)[1]):
                if time.monotonic() > deadline:
                    return False
                written = await _write_one(bridge, staging, session)
                mine = AccountExport.objects.live().filter(pk=export.pk)
                if not await mine.aupdate(pieces_done=done + 1, size_bytes=F("size_bytes") + written):
                    # Deleted, or given up: whoever comes next finds nothing to do.
                    return False
            done += 1
    return True


async def _walk(user: CustomUser) -> AsyncIterator[ChatSession]:
    last = uuid.UUID(int=0)
    while True:
        page = [
            one async for one in sessions_of(user).filter(pk__gt=last).order_by("pk")[:SESSIONS_PER_FETCH]
        ]
        for session in page:
            yield session
        if len(page) < SESSIONS_PER_FETCH:
            return
        last = page[-1].pk


async def _write_one(bridge: Bridge, staging: Staging, session: ChatSession) -> int:
    """Write both files of a conversation; returns their bytes."""
    for_programs, for_people = session_names(session.pk)
    try:
        with staging.writing(for_people) as markdown, staging.writing(for_programs) as plain:
            async for piece in write_conversation(bridge, session):
                plain.write(piece.json)
                markdown.write(piece.markdown)
    except Retryable:
        raise
    except BridgeError as error:
        # One that cannot be read does not keep the user from all the others.
        logger.warning("conversation_not_exported", session_id=str(session.pk), code=error.code)
        with staging.writing(for_people) as markdown, staging.writing(for_programs) as plain:
            plain.write(as_json({"session_id": session.pk, "error": error.code}) + "\n")
            markdown.write(f"This conversation could not be read ({error.code}).\n")
    return sum((staging.pieces / name).stat().st_size for name in (for_programs, for_people))


def _finish(export: AccountExport) -> None:
    """Pack what is there, then tell of it; of the user's older files none is kept."""
    fresh = AccountExport.objects.live().filter(pk=export.pk).first()
    if fresh is None:
        Staging(export.pk).discard()
        return
    size = pack(fresh)
    until = timezone.now() + timedelta(days=settings.EXPORT_KEPT_DAYS)
    with transaction.atomic():
        done = (
            AccountExport.objects.live()
            .filter(pk=export.pk)
            .update(
                status=AccountExport.Status.READY,
                pieces_done=F("pieces_total"),
                size_bytes=size,
                finished_at=Now(),
                expires_at=until,
            )
        )
        if done:
            older = AccountExport.objects.owned_by(export.user_id).filter(status=AccountExport.Status.READY)
            older.exclude(pk=export.pk).update(expires_at=Now())
    if done:
        Staging(export.pk).discard_pieces()
    else:
        Staging(export.pk).discard()
