"""Carrying an account's deletion out: everything of theirs goes, bills stay, and any stop is made up for."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.apps import apps
from django.contrib.sessions.models import Session
from django.core import serializers
from django.utils import timezone

from controlplane.accounts.agent_tokens import mint_for_service, mint_for_user
from controlplane.accounts.invitations import invitation_create
from controlplane.accounts.models import CustomUser
from controlplane.chat.models import ChatSession, DeletedThread
from controlplane.chat.services import session_create
from controlplane.erasure import tasks
from controlplane.erasure.account import conversations, job
from controlplane.erasure.account.job import account_erase, unfinished_accounts
from controlplane.erasure.account.request import account_delete
from controlplane.erasure.account.rows import owning_relations
from controlplane.erasure.models import DeletionReceipt
from controlplane.runs.models import Run
from controlplane.usage.models import DailyCounter, TokenUsage
from sdk_bridge import RunRequest, ServerFailed, ServerUnreachable
from sdk_bridge.memory import MemoryAgentServer, Reply, Turn
from tests.controlplane import agent_server_double
from tests.controlplane.documents.files import kept_files

EMAIL = "ada@example.com"


def everything_said() -> str:
    """Everything that any table says."""
    return "".join(
        serializers.serialize("json", model._base_manager.order_by("pk")) for model in apps.get_models()
    )


def test_everything_goes_and_others_keep_theirs(full, stranger, agent_server, to_the_end):
    bill = TokenUsage.objects.filter(user=full).values_list("pk", "prompt_tokens").get()
    hers = everything_said().count(stranger.email)
    account_delete(user_id=full.pk, actor_id=full.pk)

    to_the_end()

    assert EMAIL not in everything_said().replace(f"guest-of-{EMAIL}", "")
    assert everything_said().count(stranger.email) == hers
    assert [path.read_bytes() for path in kept_files()] == [b"Tea."]
    assert agent_server.items_below("users") == ["k2"]
    assert TokenUsage.objects.filter(user=full).values_list("pk", "prompt_tokens").get() == bill
    assert DailyCounter.objects.filter(user=full).count() == 1
    gone = CustomUser.objects.get(pk=full.pk)
    assert (gone.email, gone.first_name, gone.last_login) == (f"{full.pk}@deleted.invalid", "", None)
    assert not gone.has_usable_password()
    assert DeletionReceipt.objects.get(kind="account").state == "done"
    assert Session.objects.count() == 1


def test_every_key_to_the_account_is_emptied_or_kept_on_purpose(full, to_the_end):
    account_delete(user_id=full.pk, actor_id=full.pk)

    to_the_end()

    left = {
        f"{relation.related_model._meta.label_lower}.{relation.field.name}"
        for relation in owning_relations()
        if relation.related_model._base_manager.filter(**{relation.field.name: full}).exists()
    }
    assert left == set()


def test_address_is_free_again(full, to_the_end, make_user):
    invitation_create(email="new@example.com", invited_by=full.pk)
    account_delete(user_id=full.pk, actor_id=full.pk)
    to_the_end()

    assert make_user(EMAIL).pk != full.pk


def test_thread_that_no_session_knows_goes_too(user, agent_server, to_the_end):
    thread_id = uuid.uuid4()
    async_to_sync(agent_server.acting_as(mint_for_user(user).token).create_thread)(thread_id)
    account_delete(user_id=user.pk, actor_id=user.pk)

    to_the_end()

    service = agent_server.acting_as(mint_for_service().token)
    assert async_to_sync(service.find_threads)(user.pk) == ()
    assert DeletedThread.objects.get().thread_id == thread_id
    assert DeletionReceipt.objects.get(kind="account").counts["threads"] == 1


def test_provisional_session_on_nobody_s_thread_leaves_no_tombstone(user, agent_server, to_the_end):
    ChatSession.objects.create(user=user, is_provisional=True)
    account_delete(user_id=user.pk, actor_id=user.pk)

    to_the_end()

    assert not ChatSession.objects.exists()
    assert not DeletedThread.objects.exists()


def test_thread_of_a_stranger_under_a_provisional_session_stays(user, stranger, agent_server, to_the_end):
    claimed = ChatSession.objects.create(user=user, is_provisional=True)
    async_to_sync(agent_server.acting_as(mint_for_user(stranger).token).create_thread)(claimed.pk)
    account_delete(user_id=user.pk, actor_id=user.pk)

    to_the_end()

    service = agent_server.acting_as(mint_for_service().token)
    assert async_to_sync(service.get_thread)(claimed.pk).id == claimed.pk
    assert not DeletedThread.objects.exists()


def test_second_visit_waits_for_its_time(user, visit, settings, compacted):
    settings.DELETION_SECOND_LOOK = timedelta(seconds=60)
    account_delete(user_id=user.pk, actor_id=user.pk)

    assert visit() == timedelta(seconds=60)
    assert visit() is None
    assert DeletionReceipt.objects.get().state == "looking_again"

    DeletionReceipt.objects.update(erased_at=timezone.now() - timedelta(seconds=61))
    assert visit() is None
    assert DeletionReceipt.objects.get().state == "done"
    assert compacted == [True]


def test_item_that_came_late_goes_and_asks_for_a_third_look(user, visit, agent_server, no_waiting, compacted):
    account_delete(user_id=user.pk, actor_id=user.pk)
    visit()
    agent_server.leave_item(("users", str(user.pk)), "late", {})

    assert visit() is not None
    assert agent_server.items_below("users") == []
    assert visit() is None
    assert DeletionReceipt.objects.get().counts["store_items"] == 1


def test_many_sessions_take_several_visits(user, agent_server, visit, monkeypatch, no_waiting, compacted):
    for _ in range(3):
        async_to_sync(session_create)(owner=user, settings={})
    account_delete(user_id=user.pk, actor_id=user.pk)
    with monkeypatch.context() as patch:
        patch.setattr(job, "SECONDS_PER_VISIT", -1.0)
        assert visit() == job.AT_ONCE
    assert ChatSession.objects.existing().count() == 0
    assert DeletionReceipt.objects.get(kind="account").erased_at is None

    while visit() is not None:
        pass
    assert DeletedThread.objects.filter(checked_at__isnull=False).count() == 3


@pytest.mark.parametrize("step", ["receipt_journal", "conversations_erase", "belongings_erase", "compact"])
def test_stop_after_any_step_is_made_up_for(full, visit, to_the_end, monkeypatch, step):
    account_delete(user_id=full.pk, actor_id=full.pk)
    real = getattr(job, step)

    def die(*args, **kwargs):
        answer = real(*args, **kwargs)
        if step == "conversations_erase":
            answer.close()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(job, step, die)
        if step == "compact":
            assert visit() is not None
        with pytest.raises(KeyboardInterrupt):
            visit()
    to_the_end()

    assert EMAIL not in everything_said().replace(f"guest-of-{EMAIL}", "")
    assert DeletionReceipt.objects.get(kind="account").state == "done"


def test_server_that_is_away_leaves_the_job_to_the_sweep(user, agent_server):
    account_delete(user_id=user.pk, actor_id=user.pk)
    agent_server.faults.fail_with = ServerUnreachable("gone")

    tasks.erase_account(str(user.pk))

    assert DeletionReceipt.objects.get().erased_at is None
    DeletionReceipt.objects.update(requested_at=timezone.now() - timedelta(seconds=31))
    assert unfinished_accounts() == [user.pk]


def test_conversation_that_cannot_be_erased_does_not_keep_the_others(user, agent_server, visit, monkeypatch):
    bad, *good = (async_to_sync(session_create)(owner=user, settings={}).pk for _ in range(3))
    account_delete(user_id=user.pk, actor_id=user.pk)
    real = conversations.session_erase

    async def erase(*, thread_id: uuid.UUID) -> bool:
        if thread_id == bad:
            raise ServerFailed("cannot be read")
        return await real(thread_id=thread_id)

    monkeypatch.setattr(conversations, "session_erase", erase)
    with pytest.raises(ServerFailed):
        visit()

    assert set(DeletedThread.objects.exclude(erased_at=None).values_list("pk", flat=True)) == set(good)
    assert CustomUser.objects.get(pk=user.pk).email == EMAIL


def test_living_account_is_left_alone(full, visit):
    before = everything_said()
    assert visit() is None
    assert everything_said() == before


def test_run_that_is_writing_is_cancelled(settings, user, compacted):
    was_cancelled = asyncio.Event()

    async def endless(turn: Turn) -> AsyncIterator[Reply]:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            was_cancelled.set()
            raise
        yield "never"

    async def start_and_delete(server: MemoryAgentServer) -> Run:
        session = await session_create(owner=user, settings={})
        bridge = server.acting_as(mint_for_user(user).token)
        started = await bridge.start_run(session.pk, RunRequest(message="Go", on_disconnect="continue"))
        run = await Run.objects.acreate(
            pk=started.run_id, user=user, session=session, thread_id=session.pk, graph_id="agent"
        )
        await sync_to_async(account_delete)(user_id=user.pk, actor_id=user.pk)
        await account_erase(user_id=user.pk)
        await run.arefresh_from_db()
        return run

    settings.AGENT_SERVER_CONNECTOR = agent_server_double.CONNECTOR
    run = async_to_sync(start_and_delete)(agent_server_double.install(agent=endless))

    assert was_cancelled.is_set()
    assert (run.status, run.session_id, run.user_id) == ("interrupted", None, user.pk)
