"""Searches for orphans of all kinds, in both directions, and repairs them on request."""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog
from asgiref.sync import sync_to_async
from django.utils import timezone

from controlplane.agent_server.bridges import bridge_for_service
from controlplane.audit.models import Action, AuditEntry
from controlplane.upkeep.orphans import SEARCHES, Orphan, Search
from sdk_bridge import Bridge

logger = structlog.get_logger(__name__)

OLD_ENOUGH: Final = timedelta(hours=1)
MOST_OF_A_KIND: Final = 1000
KINDS: Final = tuple(search.kind for search in SEARCHES)


@dataclass(frozen=True, kw_only=True)
class Found:
    """One orphan, and whether it was put right."""

    orphan: Orphan
    is_repaired: bool


async def orphans_find(
    *,
    min_age: timedelta = OLD_ENOUGH,
    kinds: Collection[str] = KINDS,
    most_of_a_kind: int = MOST_OF_A_KIND,
    repair: bool = False,
) -> AsyncIterator[Found]:
    """Search for orphans; with `repair`, put each right that can be, and note it on the record.

    Nothing younger is looked at, so what is just being made is not taken for one. What is over the bound of
    a kind is left for the next search. Raises BridgeError.
    """
    older_than = timezone.now() - min_age
    for search in SEARCHES:
        if search.kind not in kinds:
            continue
        # A bridge for each kind: a token ends after ten minutes. Found first, so that repairs shift no page.
        async with bridge_for_service() as bridge:
            orphans = await _collect(search, bridge, older_than, most_of_a_kind)
            for orphan in orphans:
                yield Found(orphan=orphan, is_repaired=repair and await _repair(search, bridge, orphan))


async def _collect(search: Search, bridge: Bridge, older_than: datetime, most: int) -> list[Orphan]:
    orphans: list[Orphan] = []
    async for orphan in search.find(bridge, older_than=older_than):
        orphans.append(orphan)
        if len(orphans) >= most:
            break
    return orphans


async def _repair(search: Search, bridge: Bridge, orphan: Orphan) -> bool:
    is_repaired = await search.repair(bridge, orphan)
    if is_repaired:
        await sync_to_async(_note)(orphan)
        logger.info("orphan_repaired", kind=orphan.kind, subject_id=orphan.subject_id)
    return is_repaired


def _note(orphan: Orphan) -> None:
    # Most are no rows of ours, so there is no row to note it of.
    AuditEntry.objects.create(
        action=Action.REPAIR,
        actor_id=None,
        subject_type=f"orphan.{orphan.kind}",
        subject_id=orphan.subject_id[:80],
        concerns_id=orphan.concerns_id,
        changes={"orphan": [orphan.kind, orphan.remedy]},
    )
