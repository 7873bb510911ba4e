"""Runs that read a conversation without adding to it, and the model that summarizes."""

import uuid

import pytest

from controlplane.chat.models import ChatSession, DeletedThread
from controlplane.errors import Conflict, Gone, NotFound
from controlplane.language_models.models import AllowedModel
from controlplane.runs.admission import Role, describe_admission, run_admit
from controlplane.runs.configuration import effective_configuration
from controlplane.runs.context import Wishes
from controlplane.runs.models import Run
from controlplane.runs.permits import call_permit
from controlplane.usage.models import DailyCounter, TokenUsage


@pytest.fixture
def session(user) -> ChatSession:
    return ChatSession.objects.create(user=user)


@pytest.fixture
def reading(run_request, session):
    """Describe a run of the summarizer over a session."""

    def describe(**changes):
        given = {
            "thread_id": None,
            "graph_id": "summarizer",
            "role": Role.SERVICE,
            "source_thread_id": session.pk,
        }
        return run_request(**{**given, **changes})

    return describe


def prefer(user, name: str) -> None:
    type(user.ai_preferences).objects.filter(pk=user.pk).update(summarization_model=name)


def test_it_is_the_session_s_and_counts_no_message(reading, session, user):
    answer = describe_admission(run_admit(reading()))

    run = Run.objects.get()
    assert (run.session_id, run.thread_id, run.user_id) == (session.pk, None, user.pk)
    assert run.message_counted_on is None
    assert answer["context"]["source_thread_id"] == str(session.pk)
    assert answer["metadata"] == {}
    assert not DailyCounter.objects.exists()


def test_a_repeat_gets_the_same_answer(reading):
    request = reading()

    assert describe_admission(run_admit(request)) == describe_admission(run_admit(request))
    assert Run.objects.count() == 1


def test_its_id_is_not_given_to_a_run_over_another_session(reading, user):
    request, other = reading(), ChatSession.objects.create(user=user)
    run_admit(request)

    with pytest.raises(Conflict, match="another run"):
        run_admit(reading(run_id=request.run_id, source_thread_id=other.pk))


def test_another_s_conversation_is_not_read(reading, stranger):
    with pytest.raises(NotFound):
        run_admit(reading(payer_id=stranger.pk))
    assert not Run.objects.exists()


def test_a_conversation_that_is_missing_is_not_made(reading):
    with pytest.raises(NotFound):
        run_admit(reading(source_thread_id=uuid.uuid4()))
    assert (Run.objects.count(), ChatSession.objects.count()) == (0, 1)


def test_a_deleted_conversation_is_not_read(reading, session, user):
    DeletedThread.objects.create(thread_id=session.pk, user=user)

    with pytest.raises(Gone):
        run_admit(reading())
    assert not Run.objects.exists()


@pytest.mark.parametrize("role", ["user", "studio"])
def test_only_the_control_plane_itself_may_name_a_source(client, session, user, settings, role):
    body = {
        "run_id": str(uuid.uuid4()),
        "thread_id": None,
        "graph_id": "summarizer",
        "user_id": str(user.pk) if role == "user" else None,
        "role": role,
        "requested": {"source_thread_id": str(session.pk)},
    }

    response = client.post(
        "/internal/runs/admit/",
        body,
        content_type="application/json",
        headers={"X-Threadplane-Secret": settings.CONTROL_PLANE_SECRET},
    )

    assert "source_thread_id" not in response.json()["context"]
    assert Run.objects.get().session_id is None


def test_a_title_is_billed_as_such_and_counts_in_the_session_and_the_day(
    reading, call_request, session, user, settings
):
    settings.DAILY_TOKEN_LIMIT = 10_000
    run = run_admit(reading()).run

    call_permit(call_request(run, request_type="title", node="write_title"))

    row = TokenUsage.objects.get()
    assert (row.request_type, row.chat_session_id, row.user_id) == ("title", session.pk, user.pk)
    assert DailyCounter.objects.get().reserved_tokens == 150


def test_the_model_of_summaries_is_the_user_s_then_the_house_s_then_the_conversation_s(
    user, session, settings, allow_models
):
    allow_models("small", "smaller")

    def chosen():
        return effective_configuration(session=session, user_id=user.pk, wishes=Wishes()).summary_model

    assert (chosen().value, chosen().origin) == ("", "system")
    settings.SUMMARIZATION_MODEL = "small"
    assert (chosen().value, chosen().origin) == ("small", "system")
    prefer(user, "smaller")
    assert (chosen().value, chosen().origin) == ("smaller", "preference")


def test_a_model_of_summaries_that_was_withdrawn_holds_up_nothing(
    user, session, settings, allow_models, reading
):
    allow_models("small", "smaller")
    settings.SUMMARIZATION_MODEL = "small"
    prefer(user, "smaller")
    AllowedModel.objects.filter(name="smaller").update(is_active=False)

    assert run_admit(reading()).run.model_name == "small"
    AllowedModel.objects.filter(name="small").update(is_active=False)
    assert run_admit(reading()).run.model_name == settings.DEFAULT_MODEL


def test_the_summarizer_runs_on_the_model_of_summaries_and_knows_its_context(
    user, session, allow_models, reading, run_request
):
    allow_models("small", "large")
    AllowedModel.objects.filter(name="small").update(context_length=4_096)
    AllowedModel.objects.filter(name="large").update(context_length=128_000)
    ChatSession.objects.filter(pk=session.pk).update(model_name="large")
    prefer(user, "small")

    reads = run_admit(reading())
    talks = run_admit(run_request(thread_id=session.pk))

    assert (reads.run.model_name, reads.context["context_length"]) == ("small", 4_096)
    assert (talks.run.model_name, talks.context["context_length"]) == ("large", 128_000)
    assert (talks.context["summary_model"], talks.context["summary_context_length"]) == ("small", 4_096)


def test_a_call_to_the_model_of_summaries_is_permitted_within_a_run_of_another(
    user, session, allow_models, run_request, call_request
):
    allow_models("small")
    prefer(user, "small")
    run = run_admit(run_request(thread_id=session.pk)).run

    permit = call_permit(call_request(run, model="small", request_type="summarization"))

    assert permit.is_new
    row = TokenUsage.objects.get()
    assert (row.model_name, row.request_type) == ("small", "summarization")
