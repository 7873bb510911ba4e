"""An export is made by one worker at a time, survives that worker, and ends."""

import zipfile
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.utils import timezone

from controlplane.audit.models import AuditEntry
from controlplane.takeout import making
from controlplane.takeout.expiry import exports_clean_up, exports_end, exports_overdue
from controlplane.takeout.making import export_claim, export_make
from controlplane.takeout.models import AccountExport
from controlplane.takeout.services import export_request, exports_forget
from controlplane.takeout.staging import Staging
from controlplane.takeout.tables import all_tables
from sdk_bridge import ServerUnreachable
from tests.controlplane.documents.files import kept_files
from tests.controlplane.takeout.conversing import talk
from tests.controlplane.takeout.finished import Exported


def test_killed_worker_leaves_what_the_next_one_goes_on_from(user, agent_server, monkeypatch):
    sessions = [talk(agent_server, user, word) for word in ("one", "two", "three")]
    export = export_request(owner_id=user.pk)
    written = 0
    write_one = making._write_one

    async def write_two(*arguments):
        nonlocal written
        if written == 2:
            raise KeyboardInterrupt
        written += 1
        return await write_one(*arguments)

    monkeypatch.setattr(making, "_write_one", write_two)
    with pytest.raises(KeyboardInterrupt):
        async_to_sync(export_make)(export_id=export.pk)
    export.refresh_from_db()
    assert (export.status, export.pieces_done) == ("running", len(all_tables()) + 2)
    assert export.pieces_total == len(all_tables()) + 3

    monkeypatch.setattr(making, "_write_one", write_one)
    async_to_sync(export_make)(export_id=export.pk)

    export.refresh_from_db()
    assert (export.status, export.pieces_done) == ("ready", export.pieces_total)
    assert {f"conversations/{session.pk}.json" for session in sessions} <= Exported(export).files.keys()
    assert kept_files() == [Staging(export.pk).file]
    assert export.size_bytes == Staging(export.pk).file.stat().st_size


def test_stretch_ends_after_a_minute_and_says_that_there_is_more(user, agent_server, monkeypatch):
    talk(agent_server, user, "one")
    export = export_request(owner_id=user.pk)
    monkeypatch.setattr(making, "SECONDS_PER_STRETCH", -1.0)

    assert async_to_sync(export_make)(export_id=export.pk) is True
    export.refresh_from_db()
    assert (export.status, export.claimed_until) == ("running", None)


def test_claimed_export_is_left_alone(user, agent_server):
    export = export_request(owner_id=user.pk)
    assert export_claim(export_id=export.pk) is not None

    assert export_claim(export_id=export.pk) is None
    assert async_to_sync(export_make)(export_id=export.pk) is False
    assert AccountExport.objects.get().status == "running"


def test_agent_server_that_is_away_puts_it_off(user, agent_server):
    talk(agent_server, user, "one")
    export = export_request(owner_id=user.pk)
    agent_server.faults.fail_with = ServerUnreachable("away")

    with pytest.raises(ServerUnreachable):
        async_to_sync(export_make)(export_id=export.pk)
    AccountExport.objects.update(created_at=timezone.now() - timedelta(minutes=1))
    assert exports_overdue() == [export.pk]


def test_deactivated_users_export_fails(user, agent_server):
    export = export_request(owner_id=user.pk)
    type(user).objects.update(is_active=False)

    async_to_sync(export_make)(export_id=export.pk)

    export.refresh_from_db()
    assert (export.status, export.error_code) == ("failed", "user_inactive")
    assert kept_files() == []


def test_export_deleted_while_it_is_made_leaves_nothing(user, agent_server, monkeypatch):
    for word in ("one", "two"):
        talk(agent_server, user, word)
    export = export_request(owner_id=user.pk)
    write_one = making._write_one

    async def write_after_deletion(*arguments):
        await AccountExport.objects.all().adelete()
        return await write_one(*arguments)

    monkeypatch.setattr(making, "_write_one", write_after_deletion)
    async_to_sync(export_make)(export_id=export.pk)

    assert kept_files() == []
    assert exports_clean_up() == 0


def test_only_the_newest_file_is_kept(user, make_export):
    first, second = make_export(user), make_export(user)

    assert exports_end() == 1
    first.refresh_from_db()
    assert (first.status, first.size_bytes) == ("expired", 0)
    assert kept_files() == [Staging(second.pk).file]


def test_expired_export_loses_its_file(user, make_export, settings):
    export = make_export(user)
    assert export.expires_at - export.finished_at > timedelta(days=settings.EXPORT_KEPT_DAYS - 1)
    AccountExport.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert exports_end() == 1
    assert exports_end() == 0
    assert kept_files() == []


def test_export_that_never_ends_is_given_up(user):
    export = export_request(owner_id=user.pk)
    AccountExport.objects.update(created_at=timezone.now() - timedelta(hours=25))

    assert exports_end() == 1
    export.refresh_from_db()
    assert (export.status, export.error_code) == ("failed", "export_not_finished")
    assert export_request(owner_id=user.pk).pk != export.pk


def test_pieces_are_private(user, make_export):
    export = make_export(user)

    file = Staging(export.pk).file
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    with zipfile.ZipFile(file) as archive:
        assert all(not entry.filename.startswith(("/", "..")) for entry in archive.infolist())


def test_asking_is_on_record(user):
    export = export_request(owner_id=user.pk)

    entry = AuditEntry.objects.get()
    assert (entry.action, entry.subject_id, entry.concerns_id) == ("account.export", str(export.pk), user.pk)


def test_export_that_is_deleted_while_it_is_made_leaves_no_pieces(user, agent_server, monkeypatch):
    export = export_request(owner_id=user.pk)
    real = making._write_tables

    def forget_then_write(of: AccountExport) -> None:
        assert exports_forget(owner_id=user.pk) == 1
        real(of)
        assert kept_files() != []

    monkeypatch.setattr(making, "_write_tables", forget_then_write)
    async_to_sync(export_make)(export_id=export.pk)

    assert kept_files() == []
