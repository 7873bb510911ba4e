"""What users do to their sessions; every change names its owner, so another user's session is not found."""

import uuid
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

from asgiref.sync import sync_to_async
from django.db import transaction
from django.db.models.functions import Now

from controlplane.accounts.models import CustomUser
from controlplane.agent_server.bridges import bridge_for_user
from controlplane.api.idempotency import Attempt, Creation, create_once, forget_attempt
from controlplane.api.waiting import free_thread
from controlplane.audit.comparison import REMOVED, differences, state_of
from controlplane.audit.models import Action
from controlplane.audit.record import entry_add
from controlplane.chat.models import ChatSession, DeletedThread, IndexedMessage
from controlplane.chat.selectors import session_missing
from controlplane.chat.tags import tags_normalize
from controlplane.chat.tasks import request_erasure
from controlplane.errors import Conflict
from controlplane.language_models.selection import model_require_allowed
from controlplane.prompts.reception import prompt_note_use
from controlplane.prompts.selectors import prompt_get_visible

CONTENT: Final = ("title", "tags", "custom_system_prompt")


async def session_create(*, owner: CustomUser, settings: Mapping[str, Any]) -> ChatSession:
    """Make a session and its thread, both or neither.

    `settings` holds fields of ChatSession; what is left out follows the owner's preferences, also later ones.
    Raises ValidationError, Invalid (`model_not_allowed` for one), and BridgeError when no thread could be
    made; the row is removed again then. A thread whose answer was lost stays behind: without a session
    nobody sees it, and it is empty. After a stop in between the sweep looks which of both there is.
    """
    session = await sync_to_async(_insert)(owner, settings)
    return await _with_thread(session, owner)


async def session_create_once(
    *, owner: CustomUser, settings: Mapping[str, Any], attempt: Attempt
) -> Creation[ChatSession]:
    """Do the same once per key: a repeat finds the session, and makes its thread if that is still missing.

    Raises Conflict `idempotency_key_reused` and Gone besides. What failed can be tried with the same key.
    """

    def find(session_id: str) -> ChatSession | None:
        return ChatSession.objects.owned_by(owner.pk).existing().filter(pk=session_id).first()

    made = await sync_to_async(create_once)(attempt, make=lambda: _insert(owner, settings), find=find)
    if not made.row.is_provisional:
        return made
    session = await _with_thread(made.row, owner, attempt=attempt)
    return Creation(row=session, is_new=made.is_new)


def session_change(
    *,
    session_id: uuid.UUID,
    owner_id: uuid.UUID,
    changes: Mapping[str, Any],
    actor_id: uuid.UUID | None = None,
) -> ChatSession:
    """Change a session's settings in one transaction; of what another than the owner does there is a record.

    Raises NotFound, ValidationError, Invalid (`model_not_allowed` for one).
    """
    with transaction.atomic():
        session = _lock(session_id, owner_id)
        _require_allowed(changes)
        before = state_of(session, changes)
        changed = _with_origin(_tidy(changes))
        for name, value in changed.items():
            setattr(session, name, value)
        session.full_clean(validate_unique=False, validate_constraints=False)
        session.save(update_fields=[*changed, "updated_at"])
        if actor_id not in (None, owner_id):
            _note_change(session, before, actor_id)
    return session


def session_apply_prompt(
    *, session_id: uuid.UUID, owner_id: uuid.UUID, template_id: uuid.UUID, variables: Mapping[str, object]
) -> ChatSession:
    """Fill in a template that the owner sees and make it the session's prompt, in one transaction.

    Counts as a use of the template, whose later changes do not reach the session. Raises NotFound for either,
    Invalid naming variables that are missing or unknown.
    """
    with transaction.atomic():
        _lock(session_id, owner_id)
        template = prompt_get_visible(prompt_id=template_id, reader_id=owner_id)
        changes = {"custom_system_prompt": template.render(variables)}
        session = session_change(session_id=session_id, owner_id=owner_id, changes=changes)
        prompt_note_use(prompt_id=template.pk)
    return session


def session_archive(
    *, session_id: uuid.UUID, owner_id: uuid.UUID, actor_id: uuid.UUID | None = None
) -> ChatSession:
    """Put a session away: it stays readable and takes no messages. Raises NotFound."""
    return _archive(session_id, owner_id, actor_id, is_archived=True)


def session_restore(
    *, session_id: uuid.UUID, owner_id: uuid.UUID, actor_id: uuid.UUID | None = None
) -> ChatSession:
    """Take a session out of the archive; it counts as used from now on. Raises NotFound."""
    return _archive(session_id, owner_id, actor_id, is_archived=False, retired_at=None, restored_at=Now())


def session_pin(*, session_id: uuid.UUID, owner_id: uuid.UUID) -> ChatSession:
    """Pin a session. Raises NotFound."""
    return _organize(session_id, owner_id, is_pinned=True)


def session_unpin(*, session_id: uuid.UUID, owner_id: uuid.UUID) -> ChatSession:
    """Unpin a session. Raises NotFound."""
    return _organize(session_id, owner_id, is_pinned=False)


def session_delete(*, session_id: uuid.UUID, owner_id: uuid.UUID, actor_id: uuid.UUID | None = None) -> None:
    """Hide a session, forget its words and put up its thread's tombstone, in one transaction.

    `actor_id` names who does it, None being the system. Raises NotFound, Conflict.
    After commit a job erases the thread; when the queue is down the sweep does.
    """
    with transaction.atomic():
        session = _lock(session_id, owner_id)
        if session.is_provisional:
            # Until the Agent Server has let its run in, the thread may be somebody else's.
            raise Conflict("The session is just being made. Try again soon.", code="session_provisional")
        _put_up_tombstones([session])
        entry_add(
            Action.SESSION_DELETE,
            subject=session,
            actor_id=actor_id,
            concerns_id=owner_id,
            changes=REMOVED,
        )
        transaction.on_commit(partial(request_erasure, session.pk))


def sessions_delete(*, owner_id: uuid.UUID, limit: int) -> list[uuid.UUID]:
    """Do the same with up to so many sessions of an owner whose account goes; the caller erases them.

    Owns its transaction. Those whose threads have not been seen are left out; returns which were deleted.
    """
    with transaction.atomic():
        mine = ChatSession.objects.owned_by(owner_id).existing().seen().order_by("pk")
        sessions = list(mine.select_for_update()[:limit])
        _put_up_tombstones(sessions)
    return [session.pk for session in sessions]


def _put_up_tombstones(sessions: Sequence[ChatSession]) -> None:
    """Do so for locked sessions: a claim or an admission looks for them under the same lock."""
    stones = [DeletedThread(thread_id=session.pk, user_id=session.user_id) for session in sessions]
    DeletedThread.objects.bulk_create(stones, ignore_conflicts=True)
    ids = [session.pk for session in sessions]
    ChatSession.objects.filter(pk__in=ids).update(deleted_at=Now())
    IndexedMessage.objects.filter(session__in=ids).delete()


def _insert(owner: CustomUser, settings: Mapping[str, Any]) -> ChatSession:
    # Provisional until its thread is there, so that no session without one stays when this process is killed.
    session = ChatSession(user=owner, is_provisional=True, **_with_origin(_tidy(settings)))
    session.full_clean()
    _require_allowed(settings)
    session.save(force_insert=True)
    return session


async def _with_thread(
    session: ChatSession, owner: CustomUser, *, attempt: Attempt | None = None
) -> ChatSession:
    try:
        await free_thread()
        async with bridge_for_user(owner) as bridge:
            await bridge.create_thread(session.id, graph_id=session.graph_id)
    except BaseException:
        await sync_to_async(_take_back)(session, attempt)
        raise
    await ChatSession.objects.filter(pk=session.pk).aupdate(is_provisional=False)
    made = await ChatSession.objects.existing().filter(pk=session.pk).afirst()
    if made is None:
        raise Conflict("Another request with this key has failed. Try again.", code="creation_failed")
    return made


def _take_back(session: ChatSession, attempt: Attempt | None) -> None:
    with transaction.atomic():
        # A repeat that came through meanwhile has made it a session for good.
        deleted, _ = ChatSession.objects.provisional().filter(pk=session.pk).delete()
        if deleted and attempt is not None:
            forget_attempt(attempt)


def _tidy(settings: Mapping[str, Any]) -> dict[str, Any]:
    if "tags" not in settings:
        return dict(settings)
    return {**settings, "tags": tags_normalize(settings["tags"])}


def _with_origin(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Note with a title that its owner has worded it: no model's takes its place."""
    origin = {"title_origin": ChatSession.TitleOrigin.OWNER} if "title" in settings else {}
    return {**settings, **origin}


def _require_allowed(settings: Mapping[str, Any]) -> None:
    if settings.get("model_name"):
        model_require_allowed(settings["model_name"])


def _lock(session_id: uuid.UUID, owner_id: uuid.UUID) -> ChatSession:
    mine = ChatSession.objects.owned_by(owner_id).existing()
    session = mine.select_for_update().filter(pk=session_id).first()
    if session is None:
        raise session_missing(session_id=session_id, owner_id=owner_id)
    return session


def _archive(
    session_id: uuid.UUID, owner_id: uuid.UUID, actor_id: uuid.UUID | None, *, is_archived: bool, **marks: Any
) -> ChatSession:
    with transaction.atomic():
        session = _organize(session_id, owner_id, is_archived=is_archived, **marks)
        if actor_id not in (None, owner_id):
            _note_change(session, {"is_archived": not is_archived}, actor_id)
    return session


def _note_change(session: ChatSession, before: Mapping[str, Any], actor_id: uuid.UUID | None) -> None:
    if changes := differences(before, state_of(session, before), concealed=CONTENT):
        entry_add(
            Action.SESSION_CHANGE,
            subject=session,
            actor_id=actor_id,
            concerns_id=session.user_id,
            changes=changes,
        )


def _organize(session_id: uuid.UUID, owner_id: uuid.UUID, **marks: Any) -> ChatSession:
    # `updated_at` stays: putting a session in order is no activity in it, and must not move it in the list.
    mine = ChatSession.objects.owned_by(owner_id).existing()
    mine.filter(pk=session_id).update(**marks)
    session = mine.filter(pk=session_id).first()
    if session is None:
        raise session_missing(session_id=session_id, owner_id=owner_id)
    return session
