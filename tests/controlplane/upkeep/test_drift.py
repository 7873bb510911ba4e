"""Every kind of difference between a session and its thread is found, and put right or reported."""

import asyncio
import io
import uuid
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from controlplane.accounts.agent_tokens import mint_for_user
from controlplane.audit.models import AuditEntry
from controlplane.backoffice.figures import Span
from controlplane.chat.models import ChatSession, DeletedThread
from controlplane.chat.services import session_create
from controlplane.runs.models import Run
from controlplane.upkeep import drift
from controlplane.upkeep.drift import drift_check
from controlplane.upkeep.figures import open_at_end, open_by_day
from controlplane.upkeep.findings import open_drift
from controlplane.upkeep.models import Bookmark, DriftFinding
from controlplane.upkeep.tasks import check_drift
from sdk_bridge import RunRequest, ServerUnreachable
from tests.controlplane import agent_server_double

NOW = timedelta(0)


def check(**options) -> drift.DriftCheck:
    done = async_to_sync(drift_check)(**{"min_age": NOW, "seconds": 30.0, **options})
    assert done.is_over
    return done


def findings() -> list[tuple[str, uuid.UUID, str]]:
    rows = DriftFinding.objects.order_by("first_seen_at", "pk")
    return [(row.kind, row.thread_id, row.resolution) for row in rows]


def test_healthy_planes_do_not_differ(session, make_user, plant_thread):
    plant_thread("studio")

    assert check().found == 0
    assert (findings(), open_drift(), Bookmark.objects.count()) == ([], 0, 0)


def test_lost_thread_is_restored(session, agent_server, threads, user):
    agent_server.lose_thread(session.pk)

    assert check().found == 1

    assert threads() == {session.pk}
    assert findings() == [("thread_missing", session.pk, "repaired")]
    entry = AuditEntry.objects.get(action="repair")
    assert (entry.subject_id, entry.actor_id, entry.concerns_id) == (str(session.pk), None, user.pk)
    assert entry.changes == {"drift": ["thread_missing", "repaired"]}
    assert check().found == 0


def test_thread_of_another_owner_is_reported_and_left(session, agent_server, plant_thread, stranger, user):
    agent_server.lose_thread(session.pk)
    plant_thread(stranger.pk, thread_id=session.pk)

    for _ in range(2):
        check()

    assert findings() == [("owner_differs", session.pk, "")]
    assert DriftFinding.objects.get().details == {"session": str(user.pk), "thread": str(stranger.pk)}
    session.refresh_from_db()
    assert session.user_id == user.pk


def test_wrong_graph_is_reported(session, agent_server, plant_thread, user):
    agent_server.lose_thread(session.pk)
    plant_thread(user.pk, thread_id=session.pk, graph_id="summarizer")

    check()

    assert findings() == [("metadata_differs", session.pk, "")]


def test_difference_that_is_gone_is_closed(session, agent_server, plant_thread, stranger, user):
    agent_server.lose_thread(session.pk)
    plant_thread(stranger.pk, thread_id=session.pk)
    check()
    ChatSession.objects.update(user=stranger)

    assert check().found == 0

    assert findings() == [("owner_differs", session.pk, "gone")]
    assert open_drift() == 0


def test_clients_thread_is_adopted(user, plant_thread, agent_server):
    thread_id = plant_thread(user.pk)

    assert check().found == 1

    adopted = ChatSession.objects.get()
    assert (adopted.pk, adopted.user_id, adopted.is_provisional) == (thread_id, user.pk, False)
    assert adopted.index_wanted == 1
    assert findings() == [("thread_unknown", thread_id, "adopted")]


@pytest.mark.parametrize(
    "owner", [uuid.UUID(int=7), "nobody", "", "x" * 500], ids=["unknown", "word", "none", "long"]
)
def test_thread_of_nobody_is_reported(db, plant_thread, threads, owner):
    thread_id = plant_thread(owner)

    check()

    assert findings() == [("thread_unknown", thread_id, "")]
    assert (ChatSession.objects.count(), threads()) == (0, {thread_id})


def test_thread_of_an_inactive_user_is_reported(make_user, plant_thread):
    thread_id = plant_thread(make_user("off@example.com", is_active=False).pk)

    check()

    assert (findings(), ChatSession.objects.count()) == ([("thread_unknown", thread_id, "")], 0)


def test_thread_on_which_somebody_else_ran_is_not_adopted(user, stranger, plant_thread):
    thread_id = plant_thread(user.pk)
    Run.objects.create(user=stranger, thread_id=thread_id, graph_id="agent", status="success")

    check()

    assert findings() == [("thread_unknown", thread_id, "")]


def test_deleted_thread_that_is_there_is_reported_once_its_deletion_is_over(user, plant_thread):
    thread_id = plant_thread(user.pk)
    tombstone = DeletedThread.objects.create(thread_id=thread_id, user=user)
    check()
    assert findings() == []

    DeletedThread.objects.filter(pk=tombstone.pk).update(erased_at=timezone.now() - timedelta(hours=1))
    check()

    assert (findings(), ChatSession.objects.count()) == ([("thread_deleted", thread_id, "")], 0)


def test_run_that_nobody_works_at_any_more_is_settled(session, user):
    long_ago = timezone.now() - timedelta(hours=1)
    run = Run.objects.create(
        user=user, session=session, thread_id=session.pk, graph_id="agent", status="running"
    )
    Run.objects.update(admitted_at=long_ago)

    check(min_age=NOW)

    run.refresh_from_db()
    assert (run.status, run.error_code, run.ended_at is None) == ("interrupted", "run_lost", False)
    assert findings() == [("status_stale", session.pk, "repaired")]


def test_young_ones_are_left_alone(session, agent_server, plant_thread, user):
    agent_server.lose_thread(session.pk)
    plant_thread(user.pk)

    assert check(min_age=timedelta(minutes=5)).found == 0
    assert findings() == []


def test_session_deleted_meanwhile_does_not_get_its_thread_back(session, agent_server, threads, monkeypatch):
    agent_server.lose_thread(session.pk)
    bridge = agent_server.acting_as("")
    original = type(bridge).restore_thread

    async def delete_then_restore(self, thread_id, **options):
        await ChatSession.objects.all().adelete()
        return await original(self, thread_id, **options)

    monkeypatch.setattr(type(bridge), "restore_thread", delete_then_restore)

    assert check().found == 0
    assert threads() == set()


def test_walk_goes_on_where_the_last_job_stopped(user, agent_server, session, monkeypatch, plant_thread):
    monkeypatch.setattr(drift, "PAGE", 1)
    agent_server.lose_thread(session.pk)
    plant_thread(user.pk)
    jobs = 0
    while not (done := async_to_sync(drift_check)(min_age=NOW, seconds=0.000_001)).is_over:
        jobs += 1
        assert Bookmark.objects.get().position == done.position
        assert jobs < 50

    assert sorted(kind for kind, _, _ in findings()) == ["thread_missing", "thread_unknown"]
    assert open_drift() == 0


def test_many_pages_are_compared(user, agent_server, plant_thread, monkeypatch):
    monkeypatch.setattr(drift, "PAGE", 2)
    planted = {plant_thread(user.pk) for _ in range(5)}

    assert check().found == 5
    assert set(ChatSession.objects.values_list("pk", flat=True)) == planted
    assert check().found == 0


def test_server_that_is_away_leaves_findings_open(session, agent_server, plant_thread):
    plant_thread("nobody")
    check()
    agent_server.faults.fail_with = ServerUnreachable("away")

    assert check_drift() == 0
    assert open_drift() == 1


def test_command_prints_what_stays_open(session, plant_thread):
    thread_id = plant_thread("nobody")
    out = io.StringIO()

    call_command("check_drift", "--older-than", "0", stdout=out)

    assert out.getvalue().splitlines() == [
        f"thread_unknown {thread_id} {{'owner': 'nobody'}}",
        "1 differences met, 1 open.",
    ]


def test_first_page_counts_what_was_open_at_the_end_of_each_day(db, admin_client):
    today = timezone.localdate()
    now = timezone.now()
    for first_seen, resolved in ((3, None), (2, 1), (1, None), (40, None)):
        DriftFinding.objects.create(
            kind="thread_unknown",
            thread_id=uuid.uuid4(),
            first_seen_at=now - timedelta(days=first_seen),
            resolved_at=None if resolved is None else now - timedelta(days=resolved),
        )
    span = Span.ending(today, days=4)

    assert list(open_by_day(span).values()) == [2, 3, 3, 3]
    assert (open_at_end(span), open_at_end(span.before)) == (3, 1)
    assert "Open drift" in admin_client.get(reverse("admin:index")).text


def test_busy_thread_without_an_open_run_is_reported(user, agent_server):
    async def silent(_turn):
        await asyncio.sleep(60)
        yield "never"

    server = agent_server_double.install(agent=silent)

    async def compare_while_it_runs() -> uuid.UUID:
        session = await session_create(owner=user, settings={"title": "Tea"})
        bridge = server.acting_as(mint_for_user(user).token)
        run = await bridge.start_run(session.pk, RunRequest(on_disconnect="continue", message="tea"))
        await drift_check(min_age=NOW, seconds=30.0)
        await bridge.cancel_run(session.pk, run.run_id)
        return session.pk

    session_id = async_to_sync(compare_while_it_runs)()

    assert findings() == [("status_stale", session_id, "")]
    assert DriftFinding.objects.get().details == {"thread": "busy", "runs": "none is open"}
