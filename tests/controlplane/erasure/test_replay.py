"""After a backup was restored, what was deleted since is deleted again."""

import json
import uuid
from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from controlplane.accounts.models import CustomUser
from controlplane.chat.models import ChatSession, DeletedThread
from controlplane.erasure import journal
from controlplane.erasure.journal import Entry
from controlplane.erasure.models import DeletionReceipt
from sdk_bridge import ServerUnreachable

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def note(path, kind: str, subject_id: uuid.UUID, at: datetime = NOW) -> None:
    journal.append(path, Entry(kind=kind, subject_id=subject_id, at=at))


def replay(*options: str) -> str:
    said = StringIO()
    call_command("replay_deletions", *options, stdout=said)
    return said.getvalue().strip()


def test_session_that_came_back_is_gone_again(session, settings, api):
    note(settings.DELETION_JOURNAL, "session", session.pk)

    assert replay() == "1 deletions in force again: 1 erased, 0 left to the sweep."

    assert not ChatSession.objects.exists()
    stone = DeletedThread.objects.get()
    assert (stone.thread_id, stone.user_id, stone.deleted_at) == (session.pk, session.user_id, NOW)
    assert api.get(f"/api/v1/sessions/{session.pk}/").status_code == 410


def test_id_whose_session_is_not_there_is_closed_to_everybody(settings, agent_server, db):
    thread_id = uuid.uuid4()
    note(settings.DELETION_JOURNAL, "session", thread_id)

    replay()

    assert DeletedThread.objects.values_list("thread_id", "user_id").get() == (thread_id, None)


def test_account_that_came_back_is_gone_again(user, session, settings):
    note(settings.DELETION_JOURNAL, "account", user.pk)

    assert replay().startswith("1 deletions in force again: 1 erased")

    gone = CustomUser.objects.get(pk=user.pk)
    assert (gone.is_active, gone.email, gone.deleted_at) == (False, f"{user.pk}@deleted.invalid", NOW)
    assert not ChatSession.objects.exists()


def test_account_that_the_backup_never_knew_gets_its_tombstone(settings, agent_server, db):
    user_id = uuid.uuid4()
    note(settings.DELETION_JOURNAL, "account", user_id)

    replay()

    assert not CustomUser.objects.get(pk=user_id).is_active


def test_done_deletions_are_done_again_and_lines_are_not(deleted, erase, no_waiting, settings):
    assert [erase(deleted), erase(deleted)] == [True, False]
    lines = settings.DELETION_JOURNAL.read_text()
    ChatSession.objects.create(id=deleted.pk, user_id=deleted.user_id)

    replay()

    assert not ChatSession.objects.exists()
    assert DeletionReceipt.objects.get().state == "looking_again"
    assert settings.DELETION_JOURNAL.read_text() == lines


def test_only_what_is_younger_than_the_backup_when_asked(session, settings):
    path = settings.DELETION_JOURNAL.parent / "copy.jsonl"
    note(path, "session", session.pk, NOW)

    assert replay("--from", str(path), "--since", "2026-11-23T12:00:01Z").startswith("0 deletions")
    assert ChatSession.objects.existing().exists()
    assert replay("--from", str(path), "--since", "2026-11-23T12:00:00").startswith("1 deletions")


def test_server_that_is_away_leaves_the_rest_to_the_sweep(session, settings, agent_server):
    note(settings.DELETION_JOURNAL, "session", session.pk)
    agent_server.faults.fail_with = ServerUnreachable("gone")

    assert replay().endswith("0 erased, 1 left to the sweep.")

    assert not ChatSession.objects.existing().exists()
    assert DeletedThread.objects.get().erased_at is None


def test_without_a_journal_it_says_so(settings, db):
    with pytest.raises(CommandError, match="no journal"):
        replay()
    settings.DELETION_JOURNAL = None
    with pytest.raises(CommandError, match="no journal"):
        replay()


def test_line_that_was_cut_off_costs_no_other(tmp_path):
    path, whole = tmp_path / "journal.jsonl", uuid.uuid4()
    path.write_text('{"kind": "session", "id": "019a')
    note(path, "session", whole)
    with path.open("a") as more:
        more.write('[1]\n{"kind": "planet", "id": 1}\n')

    assert [entry.subject_id for entry in journal.read(path)] == [whole]


def test_journal_holds_ids_and_times_and_is_its_owner_s_alone(tmp_path):
    path, subject_id = tmp_path / "deep" / "journal.jsonl", uuid.uuid4()
    note(path, "account", subject_id)

    assert json.loads(path.read_text()) == {"kind": "account", "id": str(subject_id), "at": NOW.isoformat()}
    assert path.stat().st_mode & 0o777 == 0o600
