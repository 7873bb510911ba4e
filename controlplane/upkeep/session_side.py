"""Looks at a session: whether its thread is there, is its user's, and does what the mirrored runs say."""

from collections.abc import Sequence
from datetime import datetime

import structlog
from asgiref.sync import sync_to_async

from controlplane.chat.models import ChatSession
from controlplane.runs.models import Run
from controlplane.runs.settlement import settle_through
from controlplane.upkeep.adoption import owner_of, thread_restore
from controlplane.upkeep.findings import Difference, Kind, Resolution, finding_note, finding_settle
from sdk_bridge import Bridge, BridgeError, Retryable, Thread

logger = structlog.get_logger(__name__)


async def compare_session(
    bridge: Bridge, session: ChatSession, thread: Thread | None, runs: Sequence[Run], *, older_than: datetime
) -> int:
    """Compare one session with its thread and its open runs; returns how many differences there were.

    One that cannot be put right does not hold up the others. Raises Retryable.
    """
    try:
        if thread is None:
            return await _restore(bridge, session)
        found = await sync_to_async(_compare_metadata)(session, thread)
        return found + await _compare_status(bridge, session, thread, runs, older_than=older_than)
    except Retryable:
        raise
    except BridgeError as error:
        logger.warning("session_not_compared", session_id=str(session.pk), code=error.code)
        return 0


async def _restore(bridge: Bridge, session: ChatSession) -> int:
    if not await thread_restore(bridge, session):
        return 0
    missing = Difference(kind=Kind.THREAD_MISSING, thread_id=session.pk, details={})
    await _settled(missing, session)
    return 1


def _compare_metadata(session: ChatSession, thread: Thread) -> int:
    owner = owner_of(thread)
    if owner and owner != str(session.user_id):
        # Which of both is right nobody knows here; whoever guesses shows one user another's words.
        kind, details = Kind.OWNER_DIFFERS, {"session": str(session.user_id), "thread": owner}
    elif not owner or thread.graph_id not in (None, session.graph_id):
        kind = Kind.METADATA_DIFFERS
        details = {"owner": owner, "graph_id": str(thread.graph_id), "wanted_graph_id": session.graph_id}
    else:
        return 0
    finding_note(Difference(kind=kind, thread_id=session.pk, details=details))
    return 1


async def _compare_status(
    bridge: Bridge, session: ChatSession, thread: Thread, runs: Sequence[Run], *, older_than: datetime
) -> int:
    if thread.status != "busy":
        stale = [run for run in runs if run.admitted_at < older_than]
        return sum([await _settle(bridge, session, run) for run in stale])
    if runs or thread.updated_at >= older_than:
        return 0
    details = {"thread": thread.status, "runs": "none is open"}
    difference = Difference(kind=Kind.STATUS_STALE, thread_id=session.pk, details=details)
    await sync_to_async(finding_note)(difference)
    return 1


async def _settle(bridge: Bridge, session: ChatSession, run: Run) -> int:
    """Settle a run that nobody works at any more, as the sweep does that should have come by."""
    await settle_through(bridge, run.pk)
    await run.arefresh_from_db()
    details = {"run_id": str(run.pk), "status": run.status}
    difference = Difference(kind=Kind.STATUS_STALE, thread_id=session.pk, details=details)
    if run.ended_at is None:
        await sync_to_async(finding_note)(difference)
    else:
        await _settled(difference, session)
    return 1


async def _settled(difference: Difference, session: ChatSession) -> None:
    await sync_to_async(finding_settle)(
        difference, Resolution.REPAIRED, subject=session, concerns_id=session.user_id
    )
