"""Forks sessions: a copy of the thread, and a session around it with the same settings."""

import uuid
from typing import Final

from asgiref.sync import sync_to_async
from django.db import transaction

from controlplane.accounts.models import CustomUser
from controlplane.agent_server.bridges import bridge_for_service, bridge_for_user
from controlplane.agent_server.patience import answered_in_time
from controlplane.api.waiting import free_thread
from controlplane.chat.history import history_through
from controlplane.chat.models import ChatSession
from controlplane.chat.selectors import session_missing
from controlplane.chat.services import session_delete
from sdk_bridge import BridgeError

# What a fork takes over; figures, dates and marks are its own.
KEPT: Final = (
    "title_origin",
    "tags",
    "model_name",
    "temperature",
    "max_tokens",
    "custom_system_prompt",
    "enable_summarization",
    "summarization_threshold",
    "multitask_strategy",
)
COPY: Final = " (copy)"
LONGEST_TITLE: Final = 200


async def session_fork(
    *, session: ChatSession, owner: CustomUser, checkpoint_id: uuid.UUID | None = None
) -> ChatSession:
    """Make another session of the owner's with the same conversation, as it is or was at a checkpoint.

    What came after the checkpoint stays in the fork as a branch of its own. Raises BridgeError, NotFound
    `checkpoint_not_found`. After a stop in between there is a copy without its settings, or none.
    """
    await free_thread()
    async with answered_in_time():
        async with bridge_for_user(owner) as bridge:
            await history_through(bridge, session, limit=1, checkpoint_id=checkpoint_id)
            thread = await bridge.copy_thread(session.pk)
        fork = await sync_to_async(_settle)(thread.id, session)
        if checkpoint_id is not None:
            await _rewind(fork, checkpoint_id)
    return fork


async def _rewind(fork: ChatSession, checkpoint_id: uuid.UUID) -> None:
    try:
        async with bridge_for_service() as bridge:
            await bridge.rewind_thread(fork.pk, checkpoint_id)
    except BridgeError:
        owner_id = fork.user_id
        await sync_to_async(session_delete)(session_id=fork.pk, owner_id=owner_id, actor_id=owner_id)
        raise


def _settle(thread_id: uuid.UUID, source: ChatSession) -> ChatSession:
    """Give the session that was made when the thread was claimed the settings of its source."""
    kept = {name: getattr(source, name) for name in KEPT}
    if source.title_origin != ChatSession.TitleOrigin.DEFAULT:
        kept["title"] = source.title[: LONGEST_TITLE - len(COPY)] + COPY
    with transaction.atomic():
        fresh = ChatSession(
            pk=thread_id, user_id=source.user_id, graph_id=source.graph_id, is_provisional=True
        )
        ChatSession.objects.bulk_create([fresh], ignore_conflicts=True)
        mine = ChatSession.objects.owned_by(source.user_id).existing().filter(pk=thread_id)
        mine.update(is_provisional=False, **kept)
        mine.want_index()
        fork = mine.first()
    if fork is None:
        raise session_missing(session_id=thread_id, owner_id=source.user_id)
    return fork
