"""Each kind of orphan is found, in both directions, and repaired on request alone."""

import io
import json
import os
import time
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from controlplane.accounts.agent_tokens import mint_for_service
from controlplane.accounts.api_tokens import issue_refresh_token
from controlplane.audit.models import AuditEntry
from controlplane.chat.models import ChatSession, DeletedThread, IndexedMessage
from controlplane.documents.models import UserDocument
from controlplane.runs.models import Run
from sdk_bridge import UsageRecord
from tests.controlplane.documents.files import kept_files, upload


def run(*arguments: str, age: int = 0) -> list[tuple[str, str, bool]]:
    """Let the command search, and read what it prints."""
    out = io.StringIO()
    call_command("find_orphans", "--json", "--older-than", str(age), *arguments, stdout=out)
    found = map(json.loads, out.getvalue().splitlines())
    return [(one["kind"], one["id"], one["repaired"]) for one in found]


def found_then_repaired(kind: str, subject_id: object) -> None:
    """Assert that it is found, found again because nothing was changed, repaired, and gone."""
    before = AuditEntry.objects.count()
    assert run() == run() == [(kind, str(subject_id), False)]
    assert AuditEntry.objects.count() == before
    assert run("--repair") == [(kind, str(subject_id), True)]
    assert run() == []
    entry = AuditEntry.objects.filter(action="repair").get()
    assert (entry.subject_type, entry.subject_id, entry.actor_id) == (f"orphan.{kind}", str(subject_id), None)


def test_healthy_system_has_none(session, user, plant_thread):
    plant_thread("studio")
    upload(user)
    issue_refresh_token(user)

    assert run() == []


def test_thread_of_a_user_gets_a_session(user, plant_thread):
    thread_id = plant_thread(user.pk)

    found_then_repaired("thread_without_session", thread_id)
    assert ChatSession.objects.get().pk == thread_id


@pytest.mark.parametrize("owner", [uuid.UUID(int=7), "nobody"], ids=["unknown", "word"])
def test_thread_of_nobody_is_deleted(db, plant_thread, threads, owner):
    found_then_repaired("thread_without_session", plant_thread(owner))
    assert threads() == set()


def test_thread_that_was_deleted_is_deleted_again(user, plant_thread, threads):
    thread_id = plant_thread(user.pk)
    DeletedThread.objects.create(thread_id=thread_id, user=user, erased_at=timezone.now())

    found_then_repaired("thread_without_session", thread_id)
    assert (threads(), ChatSession.objects.count()) == (set(), 0)


def test_thread_of_an_inactive_user_is_found_and_kept(make_user, plant_thread, threads):
    thread_id = plant_thread(make_user("off@example.com", is_active=False).pk)

    assert run("--repair") == [("thread_without_session", str(thread_id), False)]
    assert threads() == {thread_id}


def test_lost_thread_of_a_session_is_made_again(session, agent_server, threads):
    agent_server.lose_thread(session.pk)

    found_then_repaired("session_without_thread", session.pk)
    assert threads() == {session.pk}


@pytest.mark.parametrize("is_known", [True, False], ids=["settled", "unknown"])
def test_records_that_nobody_will_book_are_deleted(user, agent_server, is_known):
    run_id = uuid.uuid4()
    if is_known:
        Run.objects.create(id=run_id, user=user, graph_id="agent", settled_at=timezone.now())
    leave_record(agent_server, run_id)

    found_then_repaired("usage_record_without_run", run_id)


def test_records_of_an_open_run_are_left(user, agent_server):
    run_id = uuid.uuid4()
    Run.objects.create(id=run_id, user=user, graph_id="agent")
    leave_record(agent_server, run_id)

    assert run("--repair") == []
    assert len(agent_server.acting_as(mint_for_service().token)._state.records[run_id]) == 1


def leave_record(agent_server, run_id: uuid.UUID) -> None:
    agent_server.leave_usage_record(
        UsageRecord(
            attempt_id=uuid.uuid4(),
            run_id=run_id,
            provider="openai",
            model="m",
            node="call_model",
            request_type="chat",
            outcome="finished",
            input_tokens=1,
            output_tokens=1,
            cached_tokens=0,
            reasoning_tokens=0,
            is_estimated=False,
            duration_ms=1,
            ended_at=datetime.now(UTC) - timedelta(minutes=1),
        )
    )


def test_file_that_no_document_names_is_deleted(user, agent_server):
    upload(user, "kept.txt")
    lost = upload(user, "lost.txt")
    UserDocument.objects.filter(pk=lost.pk).delete()

    found_then_repaired("file_without_document", lost.file.name)
    assert len(kept_files()) == 1


def test_file_of_an_export_is_no_documents(user, agent_server, settings):
    folder = settings.MEDIA_ROOT / "exports"
    folder.mkdir(parents=True)
    (folder / "a.zip").write_bytes(b"zip")

    assert run("--repair") == []
    assert len(kept_files()) == 1


def test_document_without_a_file_is_reported_and_kept(user, agent_server):
    document = upload(user)
    kept_files()[0].unlink()

    assert run("--repair") == [("document_without_file", str(document.pk), False)]
    assert UserDocument.objects.count() == 1


def test_words_of_a_deleted_session_are_forgotten(session):
    IndexedMessage.objects.create(session=session, message_id="m", position=0, words="tea")
    ChatSession.objects.update(deleted_at=timezone.now() - timedelta(minutes=5))
    DeletedThread.objects.create(thread_id=session.pk)

    found_then_repaired("index_of_deleted_session", session.pk)
    assert not IndexedMessage.objects.exists()


def test_token_of_a_user_who_is_gone_is_deleted(make_user, agent_server):
    gone = make_user("gone@example.com")
    issue_refresh_token(gone)
    issue_refresh_token(make_user("here@example.com"))
    gone.delete()

    token = OutstandingToken.objects.get(user=None)
    OutstandingToken.objects.filter(pk=token.pk).update(created_at=timezone.now() - timedelta(minutes=5))
    found_then_repaired("token_without_user", token.pk)
    assert OutstandingToken.objects.count() == 1


def test_young_ones_are_left_alone(user, session, agent_server, plant_thread):
    plant_thread("nobody")
    agent_server.lose_thread(session.pk)
    lost = upload(user)
    UserDocument.objects.filter(pk=lost.pk).delete()

    assert run("--repair", age=3600) == []
    an_hour_ago = time.time() - 3700
    os.utime(kept_files()[0], (an_hour_ago, an_hour_ago))
    assert run(age=3600) == [("file_without_document", lost.file.name, False)]


def test_more_than_a_page_is_found_and_bounded(user, plant_thread, agent_server):
    planted = {str(plant_thread(user.pk)) for _ in range(105)}

    assert {subject_id for _, subject_id, _ in run()} == planted
    assert len(run("--limit", "7", "--repair")) == 7
    assert len(run()) == 98


def test_one_kind_alone_is_looked_for(user, agent_server, plant_thread):
    plant_thread("nobody")
    document = upload(user)
    kept_files()[0].unlink()

    assert run("--kind", "document_without_file") == [("document_without_file", str(document.pk), False)]


def test_people_read_a_line_for_each(db, plant_thread):
    thread_id = plant_thread("nobody")
    out = io.StringIO()

    call_command("find_orphans", "--older-than", "0", stdout=out)

    assert out.getvalue().splitlines() == [
        f"thread_without_session {thread_id}: delete it",
        "1 orphans, 0 repaired.",
    ]
