"""Closed months move out to files and back; totals, counters and rows are then what they were before."""

import gzip
import io
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from controlplane.audit.models import Action, AuditEntry
from controlplane.chat.models import ChatSession
from controlplane.errors import Conflict
from controlplane.maintenance import archiving
from controlplane.maintenance.archived_months import UsageMonth
from controlplane.maintenance.archiving import archivable_months, columns, usage_archive
from controlplane.maintenance.rerating import usage_rerate
from controlplane.maintenance.restoring import usage_restore
from controlplane.maintenance.sums_of_days import key_counters_rebuild
from controlplane.maintenance.totals import counters_rebuild, session_totals_rebuild
from controlplane.maintenance.usage_files import BadFile
from controlplane.provider_keys.models import KeyCounter, UserAPIKey
from controlplane.usage.models import ArchivedMonth, DailyCounter, TokenUsage
from controlplane.usage.periods import Period

MONTH = UsageMonth(date(2026, 1, 1))
MANIFEST = "usage-2026-01.manifest.json"
FILE = "usage-2026-01.jsonl.gz"
FEBRUARY = datetime(2026, 2, 1, 0, 30, tzinfo=UTC)


@pytest.fixture
def january(user):
    """Three calls of January, one of them on the user's own key, and one of February; totals are right."""
    session = ChatSession.objects.create(user=user, total_tokens_used=160, total_cost=Decimal("1.6"))
    day = DailyCounter.objects.create(
        user=user, day=date(2026, 1, 5), resets_at=timezone.now(), tokens=120, cost=Decimal("0.8")
    )
    later = DailyCounter.objects.create(
        user=user, day=date(2026, 2, 1), resets_at=timezone.now(), tokens=40, cost=Decimal("0.4")
    )
    key = UserAPIKey.objects.create(user=user, provider="openai", key_name="Mine")
    key_day = KeyCounter.objects.create(
        key=key, period="day", starts_on=date(2026, 1, 5), resets_at=timezone.now(), tokens=40
    )
    own = {"provider_key": key, "key_counter": key_day}
    for moment, counter, more in (
        (datetime(2026, 1, 1, tzinfo=UTC), day, {}),
        (datetime(2026, 1, 31, 23, 59, 59, 999999, tzinfo=UTC), day, {}),
        (datetime(2026, 1, 5, 12, tzinfo=UTC), day, own),
        (datetime(2026, 2, 1, tzinfo=UTC), later, {}),
    ):
        TokenUsage.objects.create(
            user=user,
            chat_session=session,
            model_name="gpt-4o",
            prompt_tokens=30,
            completion_tokens=10,
            total_cost=Decimal("0.4"),
            is_priced=True,
            counter=counter,
            created_at=moment,
            settled_at=moment,
            **more,
        )
    assert drifts() == []
    return session


def drifts() -> list:
    rebuilt = (session_totals_rebuild, counters_rebuild, key_counters_rebuild)
    return [drift for rebuild in rebuilt for drift in rebuild(dry_run=True).drifts]


def rows() -> list[dict]:
    return list(TokenUsage.objects.order_by("created_at", "pk").values(*columns()))


def test_month_moves_out_and_back_and_every_figure_stays(january, tmp_path):
    before = rows()

    moved = usage_archive(month=MONTH, folder=tmp_path)

    assert (moved.calls, moved.tokens, moved.cost) == (3, 120, Decimal("1.2"))
    assert rows() == before[3:]
    assert drifts() == []
    assert sorted(path.name for path in tmp_path.iterdir()) == [FILE, MANIFEST]

    usage_restore(manifest_path=tmp_path / MANIFEST)

    assert rows() == before
    assert drifts() == []
    assert not ArchivedMonth.objects.exists()
    entries = AuditEntry.objects.filter(action=Action.USAGE_ARCHIVE).order_by("pk")
    assert [entry.changes for entry in entries] == [{"calls": [3, 0]}, {"calls": [0, 3]}]


@pytest.mark.parametrize("deleted", [0, 1, 3], ids=["none", "some", "all"])
def test_move_that_was_cut_off_is_finished_and_figures_hold_in_between(
    january, tmp_path, monkeypatch, deleted
):
    before = rows()
    real = archiving.calls_of

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as cut:
        cut.setattr(archiving, "verify", _at_the_second_time(stop, archiving.verify))
        with pytest.raises(KeyboardInterrupt):
            usage_archive(month=MONTH, folder=tmp_path)
    TokenUsage.objects.filter(pk__in=list(real(MONTH).values_list("pk", flat=True)[:deleted])).delete()
    assert drifts() == []

    usage_archive(month=MONTH, folder=tmp_path)
    assert rows() == before[3:]

    usage_restore(manifest_path=tmp_path / MANIFEST)
    assert rows() == before


def test_restoring_twice_and_half_changes_nothing(january, tmp_path):
    before = rows()
    usage_archive(month=MONTH, folder=tmp_path)
    for _ in range(2):
        usage_restore(manifest_path=tmp_path / MANIFEST)
    assert rows() == before


def test_what_calls_belonged_to_may_be_gone(january, tmp_path):
    usage_archive(month=MONTH, folder=tmp_path)
    ChatSession.objects.filter(pk=january.pk).delete()

    usage_restore(manifest_path=tmp_path / MANIFEST)

    assert list(TokenUsage.objects.values_list("chat_session_id", flat=True)) == [None] * 4


@pytest.mark.parametrize("field", ["sha256", "calls", "file_name", "version"])
def test_nothing_is_deleted_unless_the_file_is_good(january, tmp_path, monkeypatch, field):
    before = rows()
    usage_archive(month=MONTH, folder=tmp_path)
    usage_restore(manifest_path=tmp_path / MANIFEST)
    wrong = {"sha256": "0" * 64, "calls": 2, "file_name": "../elsewhere", "version": 2}
    write = archiving.write_manifest

    def spoil(folder, manifest) -> None:
        write(folder, manifest)
        told = json.loads((folder / MANIFEST).read_text())
        (folder / MANIFEST).write_text(json.dumps({**told, field: wrong[field]}))

    monkeypatch.setattr(archiving, "write_manifest", spoil)

    with pytest.raises(BadFile):
        usage_archive(month=MONTH, folder=tmp_path)

    assert rows() == before


@pytest.mark.parametrize(
    "spoil",
    [
        lambda content: content[:-10],
        lambda content: gzip.compress(gzip.decompress(content) + b"{}\n"),
        lambda content: b"no gzip",
        lambda _: b"",
    ],
    ids=["cut", "longer", "other", "empty"],
)
def test_spoiled_file_brings_nothing_back(january, tmp_path, spoil):
    usage_archive(month=MONTH, folder=tmp_path)
    path = tmp_path / FILE
    path.write_bytes(spoil(path.read_bytes()))

    with pytest.raises(BadFile):
        usage_restore(manifest_path=tmp_path / MANIFEST)

    assert TokenUsage.objects.count() == 1
    assert ArchivedMonth.objects.exists()


def test_month_with_a_pending_call_stays(january, tmp_path):
    TokenUsage.objects.filter(created_at__lt=datetime(2026, 1, 2, tzinfo=UTC)).update(state="pending")
    with pytest.raises(Conflict) as refusal:
        usage_archive(month=MONTH, folder=tmp_path)
    assert refusal.value.code == "month_open"
    assert (TokenUsage.objects.count(), list(tmp_path.iterdir())) == (4, [])


def test_month_that_is_not_over_stays(january, tmp_path):
    with pytest.raises(Conflict):
        usage_archive(month=UsageMonth(timezone.now().date().replace(day=1)), folder=tmp_path)
    far = UsageMonth((timezone.now() + timedelta(days=400)).date().replace(day=1))
    assert archivable_months(before=far) == [MONTH, UsageMonth(date(2026, 2, 1))]


def test_archived_month_is_not_priced_again(january, tmp_path):
    usage_archive(month=MONTH, folder=tmp_path)
    with pytest.raises(Conflict) as refusal:
        usage_rerate(period=Period(first=date(2026, 1, 31), last=date(2026, 2, 2)))
    assert refusal.value.code == "month_archived"


def test_call_of_an_archived_day_is_not_priced_again_with_the_month_after(january, tmp_path):
    """Days begin where their users live: one of January may have calls of the house's February."""
    usage_archive(month=MONTH, folder=tmp_path)
    day = DailyCounter.objects.get(day=date(2026, 1, 5))
    # As of a move that was cut off before its rows were gone.
    call = TokenUsage.objects.create(
        user_id=day.user_id, model_name="gpt-4o", prompt_tokens=9, counter=day, created_at=FEBRUARY
    )

    done = usage_rerate(period=Period(first=FEBRUARY.date(), last=FEBRUARY.date()))

    assert done.changed == 1
    call.refresh_from_db()
    day.refresh_from_db()
    assert (call.total_cost, day.is_rolled_up) == (None, True)


def test_rows_that_come_back_while_their_month_moves_out_stay(january, tmp_path, monkeypatch):
    before = rows()

    def restore() -> None:
        usage_restore(manifest_path=tmp_path / MANIFEST)

    monkeypatch.setattr(archiving, "verify", _at_the_second_time(restore, archiving.verify))
    with pytest.raises(Conflict) as refusal:
        usage_archive(month=MONTH, folder=tmp_path)

    assert refusal.value.code == "usage_changed"
    assert rows() == before


@pytest.mark.parametrize(("hours", "moves"), [(23, False), (26, True)])
def test_month_stays_while_a_record_may_correct_what_was_estimated(january, tmp_path, hours, moves):
    TokenUsage.objects.filter(created_at__lt=datetime(2026, 1, 2, tzinfo=UTC)).update(
        outcome="unknown", is_estimated=True, settled_at=timezone.now() - timedelta(hours=hours)
    )
    if moves:
        assert usage_archive(month=MONTH, folder=tmp_path).calls == 3
        return
    with pytest.raises(Conflict) as refusal:
        usage_archive(month=MONTH, folder=tmp_path)
    assert (refusal.value.code, TokenUsage.objects.count()) == ("month_open", 4)


def test_commands_move_months_and_bring_them_back(january, tmp_path):
    def said(*command: str) -> str:
        out = io.StringIO()
        call_command(*command, stdout=out)
        return out.getvalue()

    before = rows()
    assert "2026-01 would be moved." in said(
        "archive_usage", "--before", "2026-02", "--to", str(tmp_path), "--dry-run"
    )
    assert rows() == before
    assert said("archive_usage", "--before", "2026-02", "--to", str(tmp_path)) == (
        f"2026-01: 3 calls, 120 tokens, 1.200000000 US dollars in {FILE}.\n1 months moved.\n"
    )
    assert said("restore_usage", str(tmp_path / MANIFEST)) == "2026-01: 3 calls are back.\n"
    assert rows() == before
    with pytest.raises(CommandError):
        said("restore_usage", str(tmp_path / "other.json"))


def _at_the_second_time(then, real):
    called = []

    def call(*args: object) -> object:
        called.append(args)
        return then() if len(called) == 2 else real(*args)

    return call
