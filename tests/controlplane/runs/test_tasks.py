"""The jobs: repeated while a run is not settled, and known to beat by the names it calls."""

import uuid

import pytest
from celery.exceptions import Retry
from django.utils import timezone

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


def test_beat_calls_only_jobs_that_exist(settings):
    job_queue.loader.import_default_modules()
    scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert scheduled == {
        "runs.sweep_runs",
        "runs.sweep_late_records",
        "chat.sweep_deletions",
        "chat.sweep_provisional",
        "chat.sweep_message_index",
        "usage.roll_up",
        "accounts.forget_expired",
        "api.forget_old_keys",
    }
    assert scheduled <= set(job_queue.tasks)
