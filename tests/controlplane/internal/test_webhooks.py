"""The webhook of a run's end: the secret first, a hint and no more, in bounded time."""

import json
import time
import uuid
from datetime import UTC, datetime

import pytest
import redis
from celery import Celery
from django.test import Client
from django.utils import timezone

from controlplane.config import job_queue
from controlplane.runs.admission import Role
from controlplane.runs.mirror import run_end
from controlplane.runs.models import Run
from tests.controlplane.internal.posting import post

WEBHOOK = "/internal/webhooks/runs/"


@pytest.fixture
def queued(settings):
    """Read what waits in the real queue; it is empty before and after."""
    with redis.Redis.from_url(settings.CELERY_BROKER_URL) as client:
        client.delete(settings.CELERY_TASK_DEFAULT_QUEUE)
        yield lambda: [
            json.loads(job)["headers"] for job in client.lrange(settings.CELERY_TASK_DEFAULT_QUEUE, 0, -1)
        ]
        client.delete(settings.CELERY_TASK_DEFAULT_QUEUE)


@pytest.fixture
def dead_queue():
    """Let jobs be sent where nobody listens, with the settings of the product otherwise."""
    dead = Celery("dead", set_as_current=False)
    dead.conf.update({**job_queue.conf.changes, "broker_url": "redis://127.0.0.1:1/0"})
    dead.set_current()
    yield
    job_queue.set_current()


def webhook(run, **changes):
    body = {
        "run_id": str(run.pk),
        "thread_id": str(run.thread_id or uuid.uuid4()),
        "status": "success",
        "run_started_at": "2026-03-01T10:00:00+00:00",
        "run_ended_at": "2026-03-01T10:00:05+00:00",
    }
    return {**body, **changes}


def test_webhook_of_an_unknown_run_is_not_found(db, agent_server_client):
    answer = post(agent_server_client, WEBHOOK, webhook(Run(id=uuid.uuid4())))
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "run_not_found")


def test_webhook_of_another_thread_is_not_found(admitted, agent_server_client, queued):
    run = admitted()
    answer = post(agent_server_client, WEBHOOK, webhook(run, thread_id=str(uuid.uuid4())))
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "run_not_found")
    assert queued() == []
    run.refresh_from_db()
    assert run.ended_at is None


def test_webhook_queues_the_settlement(admitted, agent_server_client, queued):
    run = admitted()
    answer = post(agent_server_client, WEBHOOK, webhook(run))
    assert (answer.status_code, answer.content) == (202, b"")
    (job,) = queued()
    assert (job["task"], job["argsrepr"]) == ("runs.settle_run", f"('{run.pk}',)")
    run.refresh_from_db()
    assert run.ended_at is None


def test_webhook_is_taken_at_its_word_for_a_run_without_a_thread(admitted, agent_server_client, queued):
    run = admitted(thread_id=None, role=Role.SERVICE)
    assert post(agent_server_client, WEBHOOK, webhook(run, status="error")).status_code == 202
    run.refresh_from_db()
    assert (run.status, run.ended_at) == ("error", datetime(2026, 3, 1, 10, 0, 5, tzinfo=UTC))


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param([], id="first"),
        pytest.param([("interrupted", "")], id="after-its-cancellation"),
        pytest.param([("interrupted", "run_lost")], id="after-it-was-missed"),
        pytest.param([("interrupted", "run_rolled_back")], id="twice"),
    ],
)
def test_webhook_tells_of_a_run_that_was_rolled_back(admitted, agent_server_client, queued, seen):
    run = admitted()
    for status, code in seen:
        run_end(run_id=run.pk, status=status, ended_at=timezone.now(), error_code=code)
    assert post(agent_server_client, WEBHOOK, webhook(run, status="rollback")).status_code == 202
    run.refresh_from_db()
    assert (run.status, run.error_code) == ("interrupted", "run_rolled_back")
    assert run.message_counted_on is not None
    assert [job["task"] for job in queued()] == ["runs.settle_run"]


def test_rollback_does_not_rewrite_an_end_that_was_seen(admitted, agent_server_client, queued):
    run = admitted()
    run_end(run_id=run.pk, status="success", ended_at=timezone.now())
    assert post(agent_server_client, WEBHOOK, webhook(run, status="rollback")).status_code == 202
    run.refresh_from_db()
    assert (run.status, run.error_code) == ("success", "")


def test_forged_webhook_queues_nothing(admitted, queued):
    client = Client(headers={"X-Threadplane-Webhook": "forged"}, raise_request_exception=False)
    assert post(client, WEBHOOK, webhook(admitted())).status_code == 403
    assert queued() == []


def test_dead_queue_is_said_to_be_within_seconds(admitted, agent_server_client, dead_queue):
    run = admitted()
    started = time.monotonic()
    answer = post(agent_server_client, WEBHOOK, webhook(run))
    assert time.monotonic() - started < 5
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "queue_unavailable")
    run.refresh_from_db()
    assert run.settled_at is None
