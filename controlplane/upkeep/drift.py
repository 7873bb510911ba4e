"""Compares sessions with threads, page by page; puts right what it can and reports the rest."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from asgiref.sync import sync_to_async
from django.utils import timezone

from controlplane.agent_server.bridges import bridge_for_service
from controlplane.chat.models import ChatSession
from controlplane.runs.models import Run
from controlplane.upkeep.bookmarks import bookmark_drop, bookmark_find, bookmark_keep
from controlplane.upkeep.findings import findings_close, open_drift
from controlplane.upkeep.session_side import compare_session
from controlplane.upkeep.thread_side import compare_thread
from sdk_bridge import Bridge

logger = structlog.get_logger(__name__)

WALK: Final = "drift"
PAGE: Final = 100
SECONDS_PER_CHECK: Final = 60.0
# Younger ones are just being made, and the sweeps of runs and sessions are at them.
OLD_ENOUGH: Final = timedelta(minutes=5)
BEGINNING: Final[Mapping[str, Any]] = {"side": "sessions", "after": str(UUID(int=0)), "offset": 0}


@dataclass
class DriftCheck:
    """How one job went; `is_over` when the whole walk is."""

    looked_at: int = 0
    found: int = 0
    is_over: bool = False
    position: dict[str, Any] = field(default_factory=lambda: dict(BEGINNING))


async def drift_check(*, min_age: timedelta = OLD_ENOUGH, seconds: float = SECONDS_PER_CHECK) -> DriftCheck:
    """Go on comparing for a while; a walk that comes to its end closes what it has not met again.

    Repeats do no harm. Raises Retryable when the Agent Server is away.
    """
    deadline = time.monotonic() + seconds
    check = DriftCheck()
    position, started_at = await sync_to_async(bookmark_find)(WALK, beginning=dict(BEGINNING))
    check.position = position
    async with bridge_for_service() as bridge:
        is_late = False
        # One page at least, so that every job gets on.
        while not check.is_over and not is_late:
            await _take_page(bridge, check, older_than=timezone.now() - min_age)
            await sync_to_async(bookmark_keep)(WALK, check.position, started_at=started_at)
            is_late = time.monotonic() > deadline
    if check.is_over:
        await sync_to_async(bookmark_drop)(WALK)
        closed = await sync_to_async(findings_close)(unseen_since=started_at)
        still_open = await sync_to_async(open_drift)()
        logger.info("drift_checked", open=still_open, closed=closed, found=check.found)
    return check


async def _take_page(bridge: Bridge, check: DriftCheck, *, older_than: datetime) -> None:
    if check.position["side"] == "sessions":
        await _take_sessions(bridge, check, older_than)
    else:
        await _take_threads(bridge, check, older_than)


async def _take_sessions(bridge: Bridge, check: DriftCheck, older_than: datetime) -> None:
    ahead = ChatSession.objects.existing().seen().filter(pk__gt=UUID(check.position["after"]))
    page = [session async for session in ahead.order_by("pk")[:PAGE]]
    old = [session for session in page if session.created_at < older_than]
    listed = await bridge.list_threads(thread_ids=[session.pk for session in old], limit=PAGE)
    threads = {thread.id: thread for thread in listed}
    runs = await sync_to_async(_open_runs)(old)
    for session in old:
        check.found += await compare_session(
            bridge, session, threads.get(session.pk), runs.get(session.pk, []), older_than=older_than
        )
    check.looked_at += len(old)
    if len(page) < PAGE:
        check.position = {**BEGINNING, "side": "threads"}
    else:
        check.position["after"] = str(page[-1].pk)


async def _take_threads(bridge: Bridge, check: DriftCheck, older_than: datetime) -> None:
    page = await bridge.list_threads(limit=PAGE, offset=check.position["offset"])
    known = {
        pk
        async for pk in ChatSession.objects.filter(pk__in=[thread.id for thread in page]).values_list(
            "pk", flat=True
        )
    }
    for thread in page:
        if thread.id not in known and thread.created_at < older_than:
            check.found += await sync_to_async(compare_thread)(thread, older_than=older_than)
    check.looked_at += len(page)
    check.position["offset"] += len(page)
    check.is_over = len(page) < PAGE


def _open_runs(sessions: Sequence[ChatSession]) -> dict[UUID, list[Run]]:
    found: dict[UUID, list[Run]] = {}
    still_open = Run.objects.unsettled().filter(ended_at__isnull=True)
    for run in still_open.filter(session_id__in=[session.pk for session in sessions]):
        if run.session_id is not None:
            found.setdefault(run.session_id, []).append(run)
    return found
