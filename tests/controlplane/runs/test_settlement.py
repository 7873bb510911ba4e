"""A run is followed to its end, its calls are booked, and its records are gone afterwards."""

import uuid
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.utils import timezone

from controlplane.agent_server.bridges import bridge_for_service, bridge_for_user
from controlplane.chat.models import ChatSession
from controlplane.runs.admission import Role
from controlplane.runs.booking import LATE_RECORDS
from controlplane.runs.mirror import run_confirm
from controlplane.runs.models import Run
from controlplane.runs.permits import call_permit
from controlplane.runs.settlement import LONGEST_RUN, RECORD_GRACE, WITHDRAW_AFTER, settle_run
from controlplane.runs.sweep import estimated_run_ids, sweep_late_records, sweep_open_runs
from controlplane.usage.models import DailyCounter, TokenUsage
from sdk_bridge import RunRequest, ServerUnreachable
from tests.controlplane import agent_server_double
from tests.controlplane.runs.agent import Agent, admit, record_of


@pytest.fixture
def agent():
    return Agent()


@pytest.fixture
def server(settings, agent):
    settings.AGENT_SERVER_CONNECTOR = agent_server_double.CONNECTOR
    return agent_server_double.install(admit=admit, agent=agent.answer)


@pytest.fixture
def play(user, server):
    """Send one message on a new thread and wait for the run's end; returns its id."""

    async def send(message: str) -> uuid.UUID:
        async with bridge_for_user(user) as bridge:
            request = RunRequest(on_disconnect="continue", message=message, if_not_exists="create")
            handle = await bridge.start_run(uuid.uuid4(), request)
            await bridge.wait_for_run(handle.thread_id, handle.run_id)
        return handle.run_id

    return async_to_sync(send)


settle = async_to_sync(settle_run)
sweep = async_to_sync(sweep_open_runs)
sweep_late = async_to_sync(sweep_late_records)


def age(run_id: uuid.UUID, by: timedelta) -> None:
    """Make a run, and its end where it has one, that much older."""
    run = Run.objects.get(pk=run_id)
    run.admitted_at -= by
    run.ended_at = run.ended_at and run.ended_at - by
    run.save()


def remaining_records(run_id: uuid.UUID) -> int:
    async def count() -> int:
        async with bridge_for_service() as bridge:
            return len(await bridge.list_usage_records(run_id))

    return async_to_sync(count)()


def test_finished_run_is_confirmed_booked_and_closed(play, agent):
    run_id = play("hello")
    assert settle(run_id)
    run, session, row = Run.objects.get(), ChatSession.objects.get(), TokenUsage.objects.get()
    assert (run.pk, run.status, run.error_code) == (run_id, "success", "")
    assert None not in (run.started_at, run.ended_at, run.settled_at)
    assert (session.is_provisional, session.message_count, session.total_tokens_used) == (False, 1, 100)
    assert session.last_message_at is not None
    assert (row.pk, row.state, row.total_tokens) == (agent.attempts[0], "settled", 100)
    assert remaining_records(run_id) == 0


def test_settling_again_changes_nothing(play):
    run_id = play("hello")
    assert [settle(run_id), settle(run_id)] == [True, True]
    assert ChatSession.objects.get().message_count == 1
    assert DailyCounter.objects.get().tokens == 100


def test_run_without_a_call_is_closed_at_once(play):
    assert settle(play("call nothing"))
    assert Run.objects.get().status == "success"
    assert not TokenUsage.objects.exists()


def test_failed_run_keeps_its_reason(play):
    assert settle(play("fail"))
    run = Run.objects.get()
    assert (run.status, run.error_code) == ("error", "limit_reached")
    assert TokenUsage.objects.get().state == "settled"


def test_missing_record_is_waited_for_then_estimated(play):
    run_id = play("lose the record")
    assert not settle(run_id)
    assert TokenUsage.objects.get().state == "pending"
    age(run_id, RECORD_GRACE)
    assert settle(run_id)
    row = TokenUsage.objects.get()
    assert (row.state, row.outcome, row.total_tokens) == ("settled", "unknown", 150)
    assert DailyCounter.objects.get().reserved_tokens == 0


def test_record_that_comes_late_is_booked_instead_of_the_estimate(play, agent, server):
    run_id = play("lose the record")
    assert not settle(run_id)
    server.leave_usage_record(record_of(run_id, agent.attempts[0]))
    assert settle(run_id)
    assert TokenUsage.objects.get().total_tokens == 100


def test_record_without_a_permit_is_dropped(play, server):
    run_id = play("hello")
    server.leave_usage_record(record_of(run_id, uuid.uuid4()))
    assert settle(run_id)
    assert TokenUsage.objects.get().total_tokens == 100
    assert remaining_records(run_id) == 0


def test_running_run_is_confirmed_and_stays_open(user, server):
    async def look_while_it_runs() -> bool:
        async with bridge_for_user(user) as bridge:
            request = RunRequest(on_disconnect="continue", message="hang", if_not_exists="create")
            handle = await bridge.start_run(uuid.uuid4(), request)
            settled = await settle_run(handle.run_id)
            await bridge.cancel_run(handle.thread_id, handle.run_id)
            return settled

    assert not async_to_sync(look_while_it_runs)()
    run = Run.objects.get()
    assert run.status in {"pending", "running"}
    assert (run.ended_at, run.settled_at) == (None, None)
    assert not ChatSession.objects.get().is_provisional


def test_cancelled_run_is_noted_as_interrupted(user, server):
    async def cancel() -> uuid.UUID:
        async with bridge_for_user(user) as bridge:
            request = RunRequest(on_disconnect="continue", message="hang", if_not_exists="create")
            handle = await bridge.start_run(uuid.uuid4(), request)
            await bridge.cancel_run(handle.thread_id, handle.run_id)
            await settle_run(handle.run_id)
            return handle.run_id

    run_id = async_to_sync(cancel)()
    assert Run.objects.get(pk=run_id).status == "interrupted"


def test_run_that_never_came_is_withdrawn_with_its_session_and_message(admitted, server):
    run = admitted()
    assert not settle(run.pk)
    assert ChatSession.objects.exists()
    age(run.pk, WITHDRAW_AFTER)
    assert settle(run.pk)
    run.refresh_from_db()
    assert (run.status, run.error_code, run.session_id) == ("withdrawn", "run_never_seen", None)
    assert not ChatSession.objects.exists()
    assert DailyCounter.objects.get().messages == 0


def test_withdrawn_run_leaves_a_session_that_was_there_before(user, admitted, server):
    session = ChatSession.objects.create(user=user)
    run = admitted(thread_id=session.pk)
    age(run.pk, WITHDRAW_AFTER)
    assert settle(run.pk)
    assert ChatSession.objects.get() == session


def test_withdrawn_run_leaves_the_session_to_another_run_that_may_come(admitted, server):
    first = admitted()
    second = admitted(thread_id=first.thread_id)
    age(first.pk, WITHDRAW_AFTER)
    assert settle(first.pk)
    assert ChatSession.objects.filter(pk=second.thread_id).exists()
    age(second.pk, WITHDRAW_AFTER)
    assert settle(second.pk)
    assert not ChatSession.objects.exists()
    assert DailyCounter.objects.get().messages == 0


def test_run_that_the_server_lost_is_closed_by_estimate_and_its_message_stays_counted(
    admitted, call_request, server
):
    run = admitted()
    call_permit(call_request(run))
    assert not settle(run.pk)
    age(run.pk, RECORD_GRACE)
    assert settle(run.pk)
    run.refresh_from_db()
    assert (run.status, run.error_code) == ("interrupted", "run_lost")
    assert TokenUsage.objects.get().outcome == "unknown"
    assert (ChatSession.objects.get().is_provisional, DailyCounter.objects.get().messages) == (False, 1)


def test_records_of_a_lost_run_are_still_booked(play, server):
    run_id = play("hello")
    server.lose_thread(Run.objects.get().thread_id)
    assert settle(run_id)
    assert TokenUsage.objects.get().total_tokens == 100
    assert Run.objects.get().error_code == "run_lost"


def test_seen_run_that_the_server_lost_is_interrupted_at_once(admitted, server):
    run = admitted()
    run_confirm(run_id=run.pk, status="running", started_at=timezone.now())
    assert settle(run.pk)
    run.refresh_from_db()
    assert (run.status, run.error_code) == ("interrupted", "run_lost")
    assert DailyCounter.objects.get().messages == 1


def test_run_without_a_thread_has_more_patience(admitted, server):
    run = admitted(thread_id=None, role=Role.SERVICE)
    age(run.pk, WITHDRAW_AFTER)
    assert not settle(run.pk)
    age(run.pk, LONGEST_RUN)
    assert settle(run.pk)


def test_agent_server_that_is_away_leaves_everything_open(play, server):
    run_id = play("hello")
    server.faults.fail_with = ServerUnreachable("away")
    with pytest.raises(ServerUnreachable):
        settle(run_id)
    assert (Run.objects.get().settled_at, TokenUsage.objects.get().state) == (None, "pending")
    server.faults.fail_with = None
    assert settle(run_id)


def test_unknown_run_needs_no_settlement(db, server):
    assert settle(uuid.uuid4())


def test_sweep_settles_what_nobody_told_of(play):
    run_ids = [play("hello"), play("fail"), play("call nothing")]
    for run_id in run_ids:
        age(run_id, timedelta(seconds=5))
    assert sweep() == 3
    assert not Run.objects.unsettled().exists()


def test_sweep_leaves_runs_alone_that_are_just_starting(play):
    play("hello")
    assert sweep() == 0
    assert Run.objects.get().settled_at is None


def test_sweep_asks_nobody_when_no_run_is_open(db, server):
    server.faults.fail_with = ServerUnreachable("away")
    assert sweep() == 0


def test_sweep_goes_on_behind_a_run_that_cannot_be_read(play, user, server):
    run_id = play("hello")
    broken = Run.objects.create(user=user, thread_id=uuid.uuid4(), graph_id="agent", model_name="m")
    Run.objects.update(admitted_at=timezone.now() - timedelta(seconds=5))
    assert sweep() == 1
    assert list(Run.objects.unsettled()) == [broken]
    assert Run.objects.get(pk=run_id).settled_at is not None


@pytest.fixture
def settled_by_estimate(play):
    """A run whose record did not come in time."""
    run_id = play("lose the record")
    settle(run_id)
    age(run_id, RECORD_GRACE)
    assert settle(run_id)
    return run_id


def test_record_that_comes_after_the_settlement_corrects_it(settled_by_estimate, agent, server):
    server.leave_usage_record(record_of(settled_by_estimate, agent.attempts[0]))

    assert [sweep_late(), sweep_late()] == [1, 0]

    row = TokenUsage.objects.get()
    assert (row.outcome, row.is_estimated, row.total_tokens) == ("finished", False, 100)
    assert (DailyCounter.objects.get().tokens, ChatSession.objects.get().total_tokens_used) == (100, 100)
    assert remaining_records(settled_by_estimate) == 0


def test_late_records_are_looked_for_where_one_is_missing_and_for_a_day(settled_by_estimate, play):
    assert settle(play("hello"))
    assert list(estimated_run_ids()) == [settled_by_estimate]
    TokenUsage.objects.update(settled_at=timezone.now() - LATE_RECORDS)
    assert list(estimated_run_ids()) == []
