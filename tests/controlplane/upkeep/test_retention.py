"""Sessions that nobody uses are archived, then deleted; unless somebody set the days, nothing happens."""

import io
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from controlplane.audit.models import AuditEntry
from controlplane.chat.models import ChatSession, DeletedThread
from controlplane.chat.retention import Retention
from controlplane.chat.services import session_archive, session_pin, session_restore
from controlplane.runs.models import Run
from controlplane.upkeep import retention
from controlplane.upkeep.retention import sessions_retire
from controlplane.upkeep.tasks import retire_sessions

RULE = Retention(archive_days=30, delete_days=10)


@pytest.fixture
def make_session(user):
    """Make a session that was used so many days ago."""

    def make(days: int, **fields) -> ChatSession:
        session = ChatSession.objects.create(user=user, title=f"{days} days", **fields)
        ChatSession.objects.filter(pk=session.pk).update(updated_at=timezone.now() - timedelta(days=days))
        session.refresh_from_db()
        return session

    return make


def retire(session, days: int) -> None:
    """Let it be archived by retention so many days ago."""
    moment = timezone.now() - timedelta(days=days)
    ChatSession.objects.filter(pk=session.pk).update(is_archived=True, retired_at=moment)


def test_unused_sessions_are_archived_by_the_system(user, make_session):
    old, fresh = make_session(31), make_session(29)

    done = sessions_retire(rule=RULE)

    assert (done.archived, done.deleted, done.has_more) == (1, 0, False)
    before = old.updated_at
    old.refresh_from_db()
    fresh.refresh_from_db()
    assert (old.is_archived, old.updated_at) == (True, before)
    assert timezone.now() - old.retired_at < timedelta(minutes=1)
    assert (fresh.is_archived, fresh.retired_at) == (False, None)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.subject_id) == ("session.archive", str(old.pk))
    assert (entry.actor_id, entry.concerns_id) == (None, user.pk)


def test_what_was_archived_so_is_deleted_later(user, make_session):
    old, recent = make_session(60), make_session(60)
    retire(old, days=11)
    retire(recent, days=9)

    done = sessions_retire(rule=RULE)

    assert (done.archived, done.deleted) == (0, 1)
    assert ChatSession.objects.existing().get() == recent
    assert DeletedThread.objects.get().thread_id == old.pk
    assert [entry.action for entry in AuditEntry.objects.filter(actor_id=None)] == ["session.delete"]


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"is_pinned": True}, id="pinned"),
        pytest.param({"is_provisional": True}, id="provisional"),
        pytest.param({"is_archived": True}, id="archived-by-its-user"),
        pytest.param({"deleted_at": timezone.now()}, id="being-deleted"),
    ],
)
def test_these_are_spared(make_session, fields):
    session = make_session(1000, **fields)

    done = sessions_retire(rule=RULE)

    assert (done.archived, done.deleted) == (0, 0)
    assert not DeletedThread.objects.exists()
    session.refresh_from_db()
    assert session.retired_at is None


def test_restored_session_counts_as_used(make_session, user):
    session = make_session(60)
    retire(session, days=11)

    session_restore(session_id=session.pk, owner_id=user.pk)

    done = sessions_retire(rule=RULE)
    assert (done.archived, done.deleted) == (0, 0)
    ChatSession.objects.update(restored_at=timezone.now() - timedelta(days=31))
    assert sessions_retire(rule=RULE).archived == 1


def test_pin_keeps_what_is_archived(make_session, user):
    session = make_session(60)
    retire(session, days=11)
    session_pin(session_id=session.pk, owner_id=user.pk)

    assert sessions_retire(rule=RULE).deleted == 0


def test_session_restored_at_the_last_moment_stays(make_session, user, monkeypatch):
    session = make_session(60)
    retire(session, days=11)
    delete_one = retention._delete_one

    def restore_first(rule, session_id):
        session_restore(session_id=session_id, owner_id=user.pk)
        return delete_one(rule, session_id)

    monkeypatch.setattr(retention, "_delete_one", restore_first)
    assert sessions_retire(rule=RULE).deleted == 0
    assert ChatSession.objects.existing().count() == 1


def test_many_are_done_in_steps(make_session, monkeypatch):
    monkeypatch.setattr(retention, "SESSIONS_PER_STEP", 2)
    for _ in range(5):
        make_session(31)

    assert sessions_retire(rule=RULE, seconds=-1).archived == 2
    assert sessions_retire(rule=RULE).archived == 3
    assert sessions_retire(rule=RULE).archived == 0


def test_off_by_default(make_session):
    make_session(10_000)
    retire(make_session(10_000), days=10_000)

    assert retire_sessions() == 0
    assert "Retention is off" in run("--dry-run")
    assert not DeletedThread.objects.exists()


def test_settings_switch_it_on(make_session, settings):
    settings.RETENTION_ARCHIVE_DAYS, settings.RETENTION_DELETE_DAYS = 30, 10
    make_session(31)

    assert retire_sessions() == 1


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("retention", *arguments, stdout=out)
    return out.getvalue()


def test_dry_run_shows_what_would_go_and_changes_nothing(make_session):
    old, older = make_session(31), make_session(60)
    retire(older, days=11)

    said = run("--dry-run", "--archive-days", "30", "--delete-days", "10")

    assert said.splitlines() == [
        f"archive {old.pk} of {old.user_id}, unused since {old.updated_at:%Y-%m-%d}",
        f"delete {older.pk} of {older.user_id}, unused since {older.updated_at:%Y-%m-%d}",
        "1 sessions would be archived, 1 deleted.",
    ]
    assert ChatSession.objects.filter(is_archived=True).count() == 1
    assert run("--archive-days", "30", "--delete-days", "10") == "1 sessions were archived, 1 deleted.\n"


@pytest.mark.parametrize(("choice", "shown"), [("archive", "31 days"), ("delete", "60 days")])
def test_back_office_shows_what_would_go(make_session, settings, admin_client, choice, shown):
    settings.RETENTION_ARCHIVE_DAYS, settings.RETENTION_DELETE_DAYS = 30, 10
    make_session(31)
    retire(make_session(60), days=11)
    make_session(1)

    page = admin_client.get(reverse("admin:chat_chatsession_changelist"), {"retention": choice})

    assert [session.title for session in page.context["cl"].result_list] == [shown]


def test_user_sees_when_a_session_will_be_deleted(api, make_session, settings, user):
    settings.RETENTION_DELETE_DAYS = 10
    session, kept = make_session(60), make_session(60)
    retire(session, days=4)
    session_archive(session_id=kept.pk, owner_id=user.pk)
    session.refresh_from_db()

    def deletes_at(of: ChatSession) -> object:
        return api.get(f"/api/v1/sessions/{of.pk}/").json()["deletes_at"]

    due = session.retired_at + timedelta(days=10)
    assert deletes_at(session) == due.isoformat().replace("+00:00", "Z")
    assert deletes_at(kept) is None
    session_pin(session_id=session.pk, owner_id=user.pk)
    assert deletes_at(session) is None


def test_session_in_which_a_run_is_open_is_in_use(user, make_session):
    spoken_in = make_session(31)
    run = Run.objects.create(user=user, session=spoken_in, thread_id=spoken_in.pk, graph_id="agent")

    assert sessions_retire(rule=RULE).archived == 0
    spoken_in.refresh_from_db()
    assert not spoken_in.is_archived

    Run.objects.filter(pk=run.pk).update(settled_at=timezone.now())
    assert sessions_retire(rule=RULE).archived == 1


def test_run_that_is_admitted_just_before_the_lock_is_seen(user, make_session, monkeypatch):
    session = make_session(31)
    listed = ChatSession.objects.filter(pk=session.pk)
    Run.objects.create(user=user, session=session, thread_id=session.pk, graph_id="agent")
    answers = iter([listed, RULE.to_archive()])
    rule = SimpleNamespace(to_archive=lambda: next(answers))

    assert retention._archive_some(rule) == 0
    session.refresh_from_db()
    assert not session.is_archived
