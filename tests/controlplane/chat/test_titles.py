"""A title is worded by a model once, for a session that nobody has named, and never over its owner's own."""

import asyncio
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.utils import timezone

from controlplane.chat.models import ChatSession
from controlplane.chat.services import session_change
from controlplane.chat.tasks import sweep_due_titles, title_session
from controlplane.chat.titles import TRY_AGAIN_AFTER, session_title, title_claim, title_set
from controlplane.runs.mirror import run_confirm, run_end
from controlplane.runs.models import Run
from sdk_bridge import Refused, RunFailed, ServerUnreachable, ServiceAnswer, ServiceRun
from tests.controlplane import agent_server_double
from tests.controlplane.in_parallel import in_parallel

LIMIT_REACHED = RunFailed("limit_reached", "Used up.", retryable=False)
OUT_OF_REACH = RunFailed("model_unreachable", "Away.", retryable=True)


class Wordsmith:
    """Stands for the summarizer: says its words and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[ServiceRun] = []
        self.answer: ServiceAnswer | Exception = ServiceAnswer({"title": "Tea and cake"})
        self.before: Callable[[], object] = lambda: None

    async def serve(self, request: ServiceRun) -> ServiceAnswer:
        self.asked.append(request)
        await asyncio.to_thread(self.before)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def wordsmith(settings) -> Iterator[Wordsmith]:
    settings.AGENT_SERVER_CONNECTOR = agent_server_double.CONNECTOR
    settings.AUTO_TITLES = True
    wordsmith = Wordsmith()
    agent_server_double.install(serve=wordsmith.serve)
    return wordsmith


@pytest.fixture
def session(user) -> ChatSession:
    return ChatSession.objects.create(user=user)


def finish_run(session: ChatSession, *, status: str = "success", **changes: Any) -> Run:
    given = {"thread_id": session.pk, "graph_id": "agent", **changes}
    run = Run.objects.create(user=session.user, session=session, **given)
    run_confirm(run_id=run.pk, status="running", started_at=timezone.now())
    run_end(run_id=run.pk, status=status, ended_at=timezone.now())
    return run


def word(session: ChatSession) -> bool:
    return async_to_sync(session_title)(session_id=session.pk)


def state(session: ChatSession) -> tuple[str, str]:
    session.refresh_from_db()
    return session.title, session.title_origin


def is_due(session: ChatSession) -> bool:
    return ChatSession.objects.title_due().filter(pk=session.pk).exists()


def test_a_finished_exchange_is_named_at_its_user_s_expense(wordsmith, session, user):
    finish_run(session)
    before = ChatSession.objects.get(pk=session.pk).updated_at

    title_session(str(session.pk))

    assert state(session) == ("Tea and cake", "generated")
    assert wordsmith.asked == [
        ServiceRun(
            assistant="summarizer", input={"task": "title"}, user_id=user.pk, source_thread_id=session.pk
        )
    ]
    assert session.updated_at == before
    assert (session.title_due_at, session.title_tries) == (None, 1)


@pytest.mark.parametrize(
    "run",
    [
        {"status": "error"},
        {"status": "interrupted"},
        {"thread_id": None, "graph_id": "summarizer"},
    ],
)
def test_what_is_no_finished_exchange_wants_no_title(wordsmith, session, run):
    finish_run(session, **run)

    assert not is_due(session)
    assert word(session) is False
    assert wordsmith.asked == []


def test_nothing_is_named_where_it_is_switched_off(wordsmith, session, settings):
    finish_run(session)
    settings.AUTO_TITLES = False

    assert word(session) is False
    assert sweep_due_titles() == 0
    finish_run(other := ChatSession.objects.create(user=session.user))
    assert not is_due(other)
    assert wordsmith.asked == []


def test_a_title_of_before_there_were_origins_is_kept(wordsmith, user):
    session = ChatSession.objects.create(user=user, title="Mine")
    finish_run(session)

    assert not is_due(session)
    assert title_set(session_id=session.pk, title="Theirs") is False
    assert state(session) == ("Mine", "default")


@pytest.mark.django_db(transaction=True)
def test_its_owner_s_words_win_while_the_model_is_at_it(wordsmith, user):
    session = ChatSession.objects.create(user=user)
    finish_run(session)
    wordsmith.before = lambda: session_change(
        session_id=session.pk, owner_id=user.pk, changes={"title": "New conversation"}
    )

    assert word(session) is False
    assert state(session) == ("New conversation", "owner")
    assert not is_due(session)


def test_its_owner_may_change_a_model_s_words_for_good(wordsmith, session, api):
    finish_run(session)
    word(session)

    shown = api.patch(f"/api/v1/sessions/{session.pk}/", {"title": "Mine"}).json()
    finish_run(session)

    assert (shown["title"], shown["title_origin"]) == ("Mine", "owner")
    assert word(session) is False
    assert state(session) == ("Mine", "owner")


def test_other_changes_leave_the_origin_alone(session, api):
    shown = api.patch(f"/api/v1/sessions/{session.pk}/", {"is_pinned": True}).json()

    assert (shown["is_pinned"], shown["title_origin"]) == (True, "default")


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("  Tea \n and\tcake ", "Tea and cake"),
        ("Tea\x00", "Tea"),
        ("x" * 300, "x" * 80),
        ("Чай и пирог", "Чай и пирог"),
    ],
)
def test_a_title_is_one_line_of_bounded_length(wordsmith, session, said, title):
    finish_run(session)
    wordsmith.answer = ServiceAnswer({"title": said})

    assert word(session) is True
    assert state(session) == (title, "generated")


@pytest.mark.parametrize("values", [{}, {"title": ""}, {"title": " \x00 "}, {"title": 7}, {"title": None}])
def test_what_is_no_title_changes_nothing(wordsmith, session, values):
    finish_run(session)
    wordsmith.answer = ServiceAnswer(values)

    assert word(session) is False
    assert state(session) == ("New conversation", "default")
    assert not is_due(session)


@pytest.mark.parametrize(
    "answer", [ServiceAnswer({}, LIMIT_REACHED), Refused("switched off"), ServiceAnswer({"title": ""})]
)
def test_what_fails_for_good_is_tried_with_the_first_exchanges_alone(wordsmith, session, answer):
    wordsmith.answer = answer

    for _ in range(5):
        finish_run(session)
        word(session)
        sweep_due_titles()

    assert len(wordsmith.asked) == 3
    assert state(session) == ("New conversation", "default")


@pytest.mark.parametrize("answer", [ServiceAnswer({}, OUT_OF_REACH), ServerUnreachable("away")])
def test_what_may_succeed_later_is_tried_again_by_the_sweep(wordsmith, session, answer):
    finish_run(session)
    wordsmith.answer = answer
    assert word(session) is False
    assert sweep_due_titles() == 0

    pass_time(session)
    wordsmith.answer = ServiceAnswer({"title": "Tea"})

    assert sweep_due_titles() == 1
    assert state(session) == ("Tea", "generated")
    assert len(wordsmith.asked) == 2


def test_the_sweep_gives_up_in_the_end(wordsmith, session):
    finish_run(session)
    wordsmith.answer = ServerUnreachable("away")

    for _ in range(6):
        sweep_due_titles()
        pass_time(session)

    assert len(wordsmith.asked) == 3


def test_a_deleted_session_is_not_named(wordsmith, session):
    finish_run(session)
    ChatSession.objects.filter(pk=session.pk).update(deleted_at=timezone.now())

    assert word(session) is False
    assert title_set(session_id=session.pk, title="Tea") is False
    assert wordsmith.asked == []


@pytest.mark.django_db(transaction=True)
def test_of_many_settlements_at_once_one_words_the_title(wordsmith, user):
    session = ChatSession.objects.create(user=user)
    finish_run(session)
    finish_run(session)

    assert sorted(map(str, in_parallel(8, lambda _: word(session)))) == ["False"] * 7 + ["True"]
    assert len(wordsmith.asked) == 1
    assert state(session) == ("Tea and cake", "generated")


@pytest.mark.django_db(transaction=True)
def test_a_claim_is_one_process_s(wordsmith, user):
    session = ChatSession.objects.create(user=user)
    finish_run(session)

    claims = in_parallel(8, lambda _: title_claim(session_id=session.pk))

    assert len([claim for claim in claims if claim is not None]) == 1
    session.refresh_from_db()
    assert session.title_tries == 1
    assert timezone.now() < session.title_due_at <= timezone.now() + TRY_AGAIN_AFTER


def test_an_unknown_session_is_nothing_to_do(wordsmith, db):
    title_session(str(uuid.uuid4()))
    assert wordsmith.asked == []


def pass_time(session: ChatSession) -> None:
    """Let a try be long ago."""
    due = ChatSession.objects.filter(pk=session.pk, title_due_at__isnull=False)
    due.update(title_due_at=timezone.now() - timedelta(seconds=1))
