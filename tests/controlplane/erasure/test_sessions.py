"""Deleting a conversation: in steps that survive every interruption, and with a second look."""

import json
import uuid
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.core.cache import cache
from django.utils import timezone

from controlplane.accounts.agent_tokens import mint_for_service
from controlplane.api.models import IdempotentCreation
from controlplane.chat.models import ChatSession, DeletedThread
from controlplane.chat.services import session_delete
from controlplane.documents.models import UserDocument
from controlplane.erasure import sessions as erasing
from controlplane.erasure import tasks
from controlplane.erasure.models import DeletionReceipt
from controlplane.erasure.sessions import unfinished_threads
from controlplane.feedback.models import MessageFeedback
from controlplane.runs.models import Run
from controlplane.upkeep.models import DriftFinding
from controlplane.usage.models import TokenUsage
from sdk_bridge import RunRequest, ServerUnreachable, ThreadNotFound
from tests.controlplane.documents.files import kept_files, upload
from tests.controlplane.erasure.conftest import stone_of


def service_of(agent_server):
    return agent_server.acting_as(mint_for_service().token)


def read_thread(agent_server, session):
    return async_to_sync(service_of(agent_server).get_thread)(session.pk)


def say_late(agent_server, session) -> None:
    """Write into a thread as a node does whose run was cancelled while its thread was deleted."""
    bridge = service_of(agent_server)
    async_to_sync(bridge.restore_thread)(session.pk)

    async def talk() -> None:
        run = await bridge.start_run(session.pk, RunRequest(message="Late", on_disconnect="continue"))
        await bridge.wait_for_run(session.pk, run.run_id)

    async_to_sync(talk)()
    agent_server.lose_thread(session.pk)


def test_first_look_erases_thread_row_and_words_and_keeps_the_bill(deleted, user, agent_server, erase):
    usage = TokenUsage.objects.create(user=user, chat_session=deleted, model_name="gpt-4o", prompt_tokens=5)

    assert erase(deleted)

    with pytest.raises(ThreadNotFound):
        read_thread(agent_server, deleted)
    assert not ChatSession.objects.exists()
    assert (stone_of(deleted).erased_at is not None, stone_of(deleted).checked_at) == (True, None)
    usage.refresh_from_db()
    assert (usage.chat_session, usage.user, usage.prompt_tokens) == (None, user, 5)


def test_what_was_found_of_it_by_comparing_planes_goes_too(deleted, erase):
    DriftFinding.objects.create(kind="metadata_differs", thread_id=deleted.pk, details={"owner": ""})

    erase(deleted)

    assert not DriftFinding.objects.exists()


def test_receipt_counts_by_kind_and_holds_no_content(api, session, user, agent_server, erase, no_waiting):
    api.post(f"/api/v1/sessions/{session.pk}/messages/", {"message": "A secret"})
    MessageFeedback.objects.create(user=user, chat_session=session, message_id="m", rating="star_4")
    upload(user, "tea.txt", session_id=session.pk)
    api.delete(f"/api/v1/sessions/{session.pk}/")

    assert [erase(session), erase(session)] == [True, False]

    receipt = DeletionReceipt.objects.get()
    assert (receipt.kind, receipt.subject_id, receipt.user, receipt.state) == (
        "session", session.pk, user, "done",
    )  # fmt: skip
    assert receipt.counts == {
        "messages": 2, "documents": 1, "files": 1, "messagefeedback": 1, "chatsession": 1,
    }  # fmt: skip


def test_second_look_waits_for_its_time(deleted, erase, settings):
    settings.DELETION_SECOND_LOOK = timedelta(seconds=60)
    assert erase(deleted)

    assert not erase(deleted)
    assert stone_of(deleted).checked_at is None

    DeletedThread.objects.update(erased_at=timezone.now() - timedelta(seconds=61))
    assert not erase(deleted)
    assert stone_of(deleted).checked_at is not None


def test_second_look_erases_what_was_written_meanwhile_and_asks_for_a_third(
    deleted, agent_server, erase, no_waiting
):
    erase(deleted)
    say_late(agent_server, deleted)

    assert erase(deleted)
    assert DeletionReceipt.objects.get().counts["messages"] == 2
    assert stone_of(deleted).checked_at is None

    assert not erase(deleted)
    assert stone_of(deleted).checked_at is not None


def test_session_with_an_open_run_is_looked_at_until_it_is_settled(deleted, user, erase, no_waiting):
    run = Run.objects.create(user=user, thread_id=deleted.pk, graph_id="agent")
    assert [erase(deleted), erase(deleted)] == [True, True]

    Run.objects.filter(pk=run.pk).update(ended_at=timezone.now(), settled_at=timezone.now())

    assert not erase(deleted)


def test_done_is_done(deleted, erase, no_waiting, agent_server):
    assert [erase(deleted), erase(deleted)] == [True, False]
    before = DeletionReceipt.objects.values().get()

    agent_server.faults.fail_with = ServerUnreachable("would be asked")
    assert not erase(deleted)

    assert DeletionReceipt.objects.values().get() == before


def test_living_session_is_left_alone(session, agent_server, erase):
    assert not erase(session)

    assert ChatSession.objects.filter(pk=session.pk).exists()
    assert read_thread(agent_server, session).id == session.pk
    assert not DeletionReceipt.objects.exists()


def test_history_in_a_lost_thread_is_erased_too(api, session, user, agent_server, erase):
    api.post(f"/api/v1/sessions/{session.pk}/messages/", {"message": "A secret"})
    agent_server.lose_thread(session.pk)
    session_delete(session_id=session.pk, owner_id=user.pk)

    erase(session)

    bridge = service_of(agent_server)
    async_to_sync(bridge.restore_thread)(session.pk)
    assert async_to_sync(bridge.read_history)(session.pk).messages == ()


def test_documents_of_the_session_go_and_others_stay(deleted, session, user, erase):
    other = upload(user, "other.txt")
    UserDocument.objects.filter(pk=upload(user, "bound.txt").pk).update(chat_session=session)

    erase(deleted)

    assert [document.pk for document in UserDocument.objects.all()] == [other.pk]
    assert len(kept_files()) == 1


def test_copy_in_the_cache_goes_at_once(api, session, user, erase):
    api.get(f"/api/v1/sessions/{session.pk}/")
    assert cache.get(f"chat_session_{session.pk}") is not None
    session_delete(session_id=session.pk, owner_id=user.pk)

    erase(session)

    assert cache.get(f"chat_session_{session.pk}") is None


def test_key_of_its_creation_goes_with_the_second_look(api, agent_server, erase, no_waiting):
    made = api.post("/api/v1/sessions/", {"title": "Tea"}, headers={"Idempotency-Key": "my tea"}).json()
    api.delete(f"/api/v1/sessions/{made['id']}/")
    session = ChatSession(id=uuid.UUID(made["id"]))

    erase(session)
    repeated = api.post("/api/v1/sessions/", {"title": "Tea"}, headers={"Idempotency-Key": "my tea"})
    assert repeated.status_code == 410
    assert not erase(session)

    assert not IdempotentCreation.objects.exists()


@pytest.mark.parametrize("step", ["thread_erase", "documents_erase", "session_forget", "receipt_note_look"])
def test_stop_after_any_step_is_made_up_for(monkeypatch, deleted, user, erase, no_waiting, step):
    UserDocument.objects.filter(pk=upload(user).pk).update(chat_session=deleted)
    real = getattr(erasing, step)

    def die(*args, **kwargs):
        answer = real(*args, **kwargs)
        if step == "thread_erase":
            answer.close()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(erasing, step, die)
        with pytest.raises(KeyboardInterrupt):
            erase(deleted)
    while erase(deleted):
        pass

    assert not ChatSession.objects.exists()
    assert (UserDocument.objects.count(), kept_files()) == (0, [])
    assert stone_of(deleted).checked_at is not None
    assert DeletionReceipt.objects.get().state == "done"


def test_unreachable_server_leaves_the_job_to_the_sweep(deleted, agent_server):
    agent_server.faults.fail_with = ServerUnreachable("gone")

    tasks.erase_session(str(deleted.pk))

    assert stone_of(deleted).erased_at is None
    assert ChatSession.objects.filter(pk=deleted.pk).exists()

    agent_server.faults.fail_with = None
    tasks.erase_session(str(deleted.pk))
    assert stone_of(deleted).erased_at is not None


def test_sweep_takes_what_is_overdue_oldest_first(db, settings):
    settings.DELETION_SECOND_LOOK = timedelta(seconds=60)
    now = timezone.now()
    stones = {
        "fresh": (5, None, None),
        "old": (60, None, None),
        "older": (200, None, None),
        "just erased": (300, 5, None),
        "not looked at again": (400, 100, None),
        "done": (500, 100, 50),
    }
    ids = {}
    for name, ages in stones.items():
        deleted_at, erased_at, checked_at = (age and now - timedelta(seconds=age) for age in ages)
        ids[name] = DeletedThread.objects.create(
            thread_id=uuid.uuid4(), deleted_at=deleted_at, erased_at=erased_at, checked_at=checked_at
        ).pk

    assert unfinished_threads() == [ids["not looked at again"], ids["older"], ids["old"]]


def test_deletion_is_written_outside_of_the_database_once(deleted, erase, no_waiting, settings):
    assert [erase(deleted), erase(deleted)] == [True, False]

    (line,) = settings.DELETION_JOURNAL.read_text().splitlines()
    assert json.loads(line) == {
        "kind": "session", "id": str(deleted.pk), "at": stone_of(deleted).deleted_at.isoformat(),
    }  # fmt: skip


def test_disk_that_is_away_holds_up_the_end_but_not_the_erasing(deleted, erase, no_waiting, settings):
    good = settings.DELETION_JOURNAL
    good.parent.mkdir()
    settings.DELETION_JOURNAL = good.parent
    assert erase(deleted)
    assert not ChatSession.objects.exists()

    with pytest.raises(OSError, match="directory"):
        erase(deleted)
    assert stone_of(deleted).checked_at is None

    settings.DELETION_JOURNAL = good
    assert not erase(deleted)
    assert len(good.read_text().splitlines()) == 1
