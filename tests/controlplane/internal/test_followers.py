"""What follows when a run ends: its settlement, and after that the index of what was said."""

import base64
import json

import pytest
import redis
from django.test import Client


@pytest.fixture
def queue(settings):
    """The real queue's jobs as they wait; it is empty before and after."""
    with redis.Redis.from_url(settings.CELERY_BROKER_URL) as client:
        name = settings.CELERY_TASK_DEFAULT_QUEUE
        client.delete(name)
        yield lambda: [json.loads(job) for job in client.lrange(name, 0, -1)]
        client.delete(name)


def end(run, settings) -> int:
    body = {"run_id": str(run.pk), "thread_id": str(run.thread_id), "status": "success"}
    times = {"run_started_at": "2026-03-01T10:00:00+00:00", "run_ended_at": "2026-03-01T10:00:05+00:00"}
    answer = Client(headers={"X-Threadplane-Webhook": settings.LG_WEBHOOK_SECRET}).post(
        "/internal/webhooks/runs/", {**body, **times}, content_type="application/json"
    )
    return answer.status_code


def followers(job) -> list[tuple[str, list[str]]]:
    _, _, embedded = json.loads(base64.b64decode(job["body"]))
    return [(follower["task"], list(follower["args"])) for follower in embedded["callbacks"] or []]


@pytest.fixture(autouse=True)
def _all_wanted(settings) -> None:
    settings.AUTO_TITLES = settings.MESSAGE_SEARCH = True


@pytest.mark.parametrize(
    ("titles", "search", "origin", "left"),
    [
        (False, True, "default", ["chat.index_session"]),
        (True, False, "default", ["chat.title_session"]),
        (True, True, "owner", ["chat.index_session"]),
        (False, False, "default", []),
    ],
)
def test_nothing_is_queued_that_has_nothing_to_do(admitted, queue, settings, titles, search, origin, left):
    settings.AUTO_TITLES, settings.MESSAGE_SEARCH = titles, search
    run = admitted()
    type(run.session).objects.filter(pk=run.session_id).update(title_origin=origin)

    assert end(run, settings) == 202

    (job,) = queue()
    assert [name for name, _ in followers(job)] == left


def test_session_is_indexed_once_its_run_is_settled(admitted, queue, settings):
    run = admitted()

    assert end(run, settings) == 202

    (job,) = queue()
    assert job["headers"]["task"] == "runs.settle_run"
    of_session = [str(run.session_id)]
    assert followers(job) == [("chat.index_session", of_session), ("chat.title_session", of_session)]
