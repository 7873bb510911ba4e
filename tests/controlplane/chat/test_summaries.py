"""A summary on demand is its owner's to ask for and to pay."""

import asyncio
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from controlplane.chat import summaries
from controlplane.chat.models import ChatSession, DeletedThread
from sdk_bridge import RunFailed, ServerUnreachable, ServiceAnswer, ServiceRun
from tests.controlplane import agent_server_double

DETAILS = {
    "which": "daily_tokens",
    "limit": 10,
    "used": 10,
    "remaining": 0,
    "resets_at": (timezone.now() + timedelta(hours=1)).isoformat(),
}


@pytest.fixture
def asked(settings) -> list[ServiceRun]:
    """What the summarizer is asked, which answers with a summary."""
    settings.AGENT_SERVER_CONNECTOR = agent_server_double.CONNECTOR
    asked: list[ServiceRun] = []

    async def serve(request: ServiceRun) -> ServiceAnswer:
        asked.append(request)
        return ServiceAnswer({"summary": "They had tea."})

    agent_server_double.install(serve=serve)
    return asked


@pytest.fixture
def session(user) -> ChatSession:
    return ChatSession.objects.create(user=user, title="Tea")


def address(session_id: uuid.UUID) -> str:
    return f"/api/v1/sessions/{session_id}/summary/"


def answering(settings, answer: ServiceAnswer | Exception) -> None:
    settings.AGENT_SERVER_CONNECTOR = agent_server_double.CONNECTOR

    async def serve(request: ServiceRun) -> ServiceAnswer:
        if isinstance(answer, Exception):
            raise answer
        return answer

    agent_server_double.install(serve=serve)


def test_a_summary_of_the_thread_is_billed_to_who_asks(api, asked, session, user):
    response = api.post(address(session.pk))

    assert (response.status_code, response.json()) == (200, {"summary": "They had tea."})
    assert asked == [
        ServiceRun(
            assistant="summarizer", input={"task": "summary"}, user_id=user.pk, source_thread_id=session.pk
        )
    ]


def test_another_s_session_is_not_found_and_nothing_is_asked(stranger_api, asked, session):
    assert stranger_api.post(address(session.pk)).status_code == 404
    assert asked == []


def test_a_deleted_session_is_gone(api, asked, session, user):
    DeletedThread.objects.create(thread_id=session.pk, user=user)
    ChatSession.objects.filter(pk=session.pk).update(deleted_at=timezone.now())

    assert api.post(address(session.pk)).status_code == 410
    assert asked == []


@pytest.mark.parametrize(
    ("code", "status"),
    [("limit_reached", 429), ("model_unreachable", 502), ("model_timed_out", 504), ("run_refused", 409)],
)
def test_a_failure_is_answered_as_what_it_is(api, session, settings, code, status):
    details = DETAILS if code == "limit_reached" else {}
    failure = RunFailed(code, "So it is.", retryable=False, details=details)
    answering(settings, ServiceAnswer({}, failure))

    response = api.post(address(session.pk))

    error = response.json()["error"]
    assert (response.status_code, error["code"], error["message"]) == (status, code, "So it is.")
    assert error.get("details", {}) == details


def test_an_agent_server_that_is_away_is_said_to_be(api, session, settings):
    answering(settings, ServerUnreachable("The Agent Server cannot be reached."))

    assert api.post(address(session.pk)).status_code == 503


def test_the_wait_is_bounded(api, session, settings, monkeypatch):
    settings.AGENT_SERVER_CONNECTOR = agent_server_double.CONNECTOR
    monkeypatch.setattr(summaries, "LONGEST_SECONDS", 0.05)

    async def serve(request: ServiceRun) -> ServiceAnswer:
        await asyncio.Event().wait()
        return ServiceAnswer({})

    agent_server_double.install(serve=serve)

    assert api.post(address(session.pk)).status_code == 504
