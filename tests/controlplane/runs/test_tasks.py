"""The jobs: repeated while a run is not settled, and known to beat by the names it calls."""

import uuid

import pytest
from celery.exceptions import Retry
from django.utils import timezone
from kombu import Connection, Message
from kombu.transport.virtual import Channel

from controlplane.config import job_queue
from controlplane.runs.models import Run
from controlplane.runs.tasks import RETRIES, settle_run, sweep_runs
from sdk_bridge import ServerUnreachable


@pytest.fixture
def attempt():
    """Run the job as a worker does on its nth attempt, without a worker that would take it up again."""

    def run(run_id: uuid.UUID, retries: int = 0) -> None:
        settle_run.push_request(retries=retries, called_directly=False, is_eager=True)
        try:
            settle_run.run(str(run_id))
        finally:
            settle_run.pop_request()

    return run


def test_open_run_is_tried_again_later(admitted, agent_server, attempt):
    with pytest.raises(Retry) as retry:
        attempt(admitted().pk, retries=2)
    assert retry.value.when == 4


def test_agent_server_that_is_away_is_asked_again_later(admitted, agent_server, attempt):
    agent_server.faults.fail_with = ServerUnreachable("away")
    with pytest.raises(Retry):
        attempt(admitted().pk)


def test_last_attempt_leaves_the_rest_to_the_sweep(admitted, agent_server, attempt):
    run = admitted()
    attempt(run.pk, retries=RETRIES)
    assert Run.objects.get(pk=run.pk).settled_at is None


def test_settled_run_is_not_asked_about_again(admitted, agent_server, attempt):
    run, settled_at = admitted(), timezone.now()
    Run.objects.filter(pk=run.pk).update(ended_at=settled_at, settled_at=settled_at)
    agent_server.faults.fail_with = ServerUnreachable("would be asked again later")
    attempt(run.pk)
    assert Run.objects.get(pk=run.pk).settled_at == settled_at


def test_unknown_run_is_not_tried_again(db, agent_server, attempt):
    attempt(uuid.uuid4())
    assert not Run.objects.exists()


def test_sweep_runs_as_a_job(db, agent_server):
    assert sweep_runs() == 0


def test_sweep_does_not_wait_behind_a_backlog_of_other_jobs(settings):
    """One that is not taken in time is dropped, and the next would stand behind the same backlog."""
    sweep_tasks = {
        one["task"] for one in settings.CELERY_BEAT_SCHEDULE.values() if "expires" in one.get("options", {})
    }
    with job_queue.connection_for_read() as connection, connection.channel() as channel:
        job_queue.control.purge()
        for number in range(20):
            job_queue.send_task("runs.settle_run", (str(number),))
        for task in sorted(sweep_tasks):
            job_queue.send_task(task)
        taken = taken_in_turn(connection, channel, count=2 * len(sweep_tasks))
        job_queue.control.purge()

    assert sweep_tasks <= set(taken)


def taken_in_turn(connection: Connection, channel: Channel, *, count: int) -> list[str]:
    """Take jobs one at a time, as a worker does, and name them."""
    taken: list[str] = []

    def take(_: object, message: Message) -> None:
        taken.append(message.headers["task"])
        message.ack()

    channel.basic_qos(0, 1, False)
    with job_queue.amqp.TaskConsumer(channel, on_message=None, callbacks=[take]):
        while len(taken) < count:
            connection.drain_events(timeout=5)
    return taken


def test_beat_calls_only_jobs_that_exist(settings):
    job_queue.loader.import_default_modules()
    scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert scheduled == {
        "runs.settle_abandoned_calls",
        "runs.sweep_runs",
        "runs.sweep_late_records",
        "erasure.sweep",
        "documents.sweep_deletions",
        "takeout.sweep_exports",
        "upkeep.check_drift",
        "upkeep.retire_sessions",
        "chat.sweep_provisional",
        "chat.sweep_message_index",
        "chat.sweep_titles",
        "tools.discover_mcp_servers",
        "usage.roll_up",
        "accounts.forget_expired",
        "api.forget_old_keys",
    }
    assert scheduled <= set(job_queue.tasks)
