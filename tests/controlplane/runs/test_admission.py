"""Who may start a run, on what and with what; a refusal leaves nothing behind."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from controlplane.accounts.services import user_sign_out_everywhere
from controlplane.chat.models import ChatSession, DeletedThread
from controlplane.errors import Conflict, Forbidden, Gone, Invalid, LimitReached, NotFound, Unauthenticated
from controlplane.language_models.models import AllowedModel
from controlplane.preferences.models import UserPreference
from controlplane.runs.admission import Admission, Role, describe_admission, run_admit
from controlplane.runs.context import Wishes
from controlplane.runs.models import Run
from controlplane.usage.days import current_day
from controlplane.usage.models import DailyCounter
from tests.controlplane.in_parallel import in_parallel


def messages_counted() -> int:
    return sum(DailyCounter.objects.values_list("messages", flat=True))


def assert_nothing_happened(sessions: int = 0) -> None:
    assert not Run.objects.exists()
    assert ChatSession.objects.count() == sessions
    assert messages_counted() == 0


def test_new_thread_gets_a_provisional_run_and_session(user, run_request):
    request = run_request()
    run = run_admit(request).run
    session = ChatSession.objects.get()
    assert (session.pk, session.user_id, session.is_provisional) == (request.thread_id, user.pk, True)
    assert (run.pk, run.session_id, run.status) == (request.run_id, session.pk, "provisional")
    assert run.message_counted_on == current_day().day
    assert messages_counted() == 1


def test_answer_is_what_the_contract_says(user, run_request, settings):
    settings.CONTROL_PLANE_URL = "http://control-plane.test"
    settings.DEFAULT_MODEL, settings.DEFAULT_TEMPERATURE = "house-model", 0.3
    settings.DEFAULT_SYSTEM_PROMPT, settings.EMBEDDING_MODEL = "Be kind.", "house-embedder"
    request = run_request()
    session_id, user_id = str(request.thread_id), str(user.pk)
    assert describe_admission(run_admit(request)) == {
        "run_id": str(request.run_id),
        "session_id": session_id,
        "user_id": user_id,
        "context": {
            "model": "house-model",
            "temperature": 0.3,
            "max_tokens": 1024,
            "system_prompt": "Be kind.",
            "enabled_tools": ["current_time", "calculator"],
            "enable_summarization": True,
            "summarization_threshold": 4000,
            "summary_model": "",
            "summary_keep_tokens": 2000,
            "remote_tools": [],
            "approval_tools": [],
            "approval_tools_after_retrieval": [],
            "fallback_models": [],
            "supports_tools": True,
            "supports_vision": True,
            "context_length": None,
            "summary_context_length": None,
            "embedding_model": "house-embedder",
        },
        "metadata": {"owner": user_id},
        "webhook": "http://control-plane.test/internal/webhooks/runs/",
    }


def test_session_settings_go_before_the_house_s(user, run_request, allow_models):
    allow_models("session-model")
    session = ChatSession.objects.create(
        user=user,
        model_name="session-model",
        temperature=0.0,
        max_tokens=5,
        custom_system_prompt="Rhyme.",
        enable_summarization=False,
        summarization_threshold=300,
    )
    context = run_admit(run_request(thread_id=session.pk)).context
    assert context["model"] == "session-model"
    assert (context["temperature"], context["max_tokens"]) == (0.0, 5)
    assert context["system_prompt"] == "Rhyme."
    assert (context["enable_summarization"], context["summarization_threshold"]) == (False, 300)


def test_what_was_asked_for_goes_before_the_session_s(user, run_request, allow_models):
    allow_models("asked-model")
    session = ChatSession.objects.create(user=user, model_name="session-model", temperature=1.0)
    wishes = Wishes(model="asked-model", temperature=0.0, max_tokens=7)
    admission = run_admit(run_request(thread_id=session.pk, wishes=wishes))
    assert [admission.context[name] for name in ("model", "temperature", "max_tokens")] == [
        "asked-model",
        0.0,
        7,
    ]
    assert admission.run.model_name == "asked-model"


@pytest.mark.parametrize(
    ("origin", "field"),
    [("run", "model"), ("session", "model_name"), ("preference", "default_model"), ("system", "model")],
)
def test_model_that_may_not_be_used_is_refused_wherever_it_comes_from(
    user, run_request, settings, origin, field
):
    session = ChatSession.objects.create(user=user, model_name="gone" if origin == "session" else "")
    UserPreference.objects.filter(pk=user.pk).update(default_model="gone" if origin == "preference" else "")
    wishes = Wishes(model="gone") if origin == "run" else Wishes()
    if origin == "system":
        settings.DEFAULT_MODEL = "gone"
        AllowedModel.objects.create(name="gone", is_active=False)
    with pytest.raises(Invalid) as refusal:
        run_admit(run_request(thread_id=session.pk, wishes=wishes))
    assert (refusal.value.code, refusal.value.fields) == (
        "model_not_allowed",
        {field: ["gone is not allowed."]},
    )
    assert refusal.value.details["origin"] == origin
    assert_nothing_happened(sessions=1)


def test_admission_reads_preferences_and_limits_with_one_query_each(user, run_request):
    session = ChatSession.objects.create(user=user)
    run_admit(run_request(thread_id=session.pk))  # begins the day
    request = run_request(thread_id=session.pk)
    with CaptureQueriesContext(connection) as queries:
        run_admit(request)
    assert sum('FROM "preferences_userpreference"' in query["sql"] for query in queries) == 2


def test_repeat_gives_the_same_answer_and_counts_nothing(run_request, settings):
    settings.DAILY_MESSAGE_LIMIT = 1
    request = run_request()
    first, second = run_admit(request), run_admit(request)
    assert describe_admission(first) == describe_admission(second)
    assert (Run.objects.count(), messages_counted()) == (1, 1)


def test_run_id_of_somebody_else_s_run_is_refused(run_request, stranger):
    request = run_request()
    run_admit(request)
    with pytest.raises(Conflict) as refusal:
        run_admit(run_request(run_id=request.run_id, payer_id=stranger.pk))
    assert refusal.value.code == "run_id_taken"
    assert ChatSession.objects.count() == 1


def test_another_user_s_thread_is_not_found(stranger, run_request):
    session = ChatSession.objects.create(user=stranger)
    with pytest.raises(NotFound) as refusal:
        run_admit(run_request(thread_id=session.pk))
    assert refusal.value.code == "thread_not_found"
    assert_nothing_happened(sessions=1)


def test_deleted_thread_is_gone(user, run_request):
    thread_id = uuid.uuid4()
    DeletedThread.objects.create(thread_id=thread_id, user=user)
    with pytest.raises(Gone) as refusal:
        run_admit(run_request(thread_id=thread_id))
    assert refusal.value.code == "thread_deleted"
    assert_nothing_happened()


def test_thread_that_a_stranger_deleted_is_not_found(stranger, run_request):
    thread_id = uuid.uuid4()
    DeletedThread.objects.create(thread_id=thread_id, user=stranger)
    with pytest.raises(NotFound):
        run_admit(run_request(thread_id=thread_id))
    assert_nothing_happened()


def test_inactive_user_is_refused(make_user, run_request):
    sleeper = make_user("sleeper@example.com", is_active=False)
    with pytest.raises(Forbidden) as refusal:
        run_admit(run_request(payer_id=sleeper.pk))
    assert refusal.value.code == "user_inactive"
    assert_nothing_happened()


def test_token_of_before_the_sign_out_starts_nothing(user, run_request):
    user_sign_out_everywhere(user_id=user.pk)
    with pytest.raises(Unauthenticated) as refusal:
        run_admit(run_request(token_version=1))
    assert refusal.value.code == "signed_out"
    assert_nothing_happened()
    assert run_admit(run_request(token_version=2)).run.user_id == user.pk


def test_archived_session_is_refused(user, run_request):
    session = ChatSession.objects.create(user=user, is_archived=True)
    with pytest.raises(Conflict) as refusal:
        run_admit(run_request(thread_id=session.pk))
    assert refusal.value.code == "session_archived"
    assert_nothing_happened(sessions=1)


def test_used_up_limit_refuses_and_leaves_no_session(run_request, settings):
    settings.DAILY_MESSAGE_LIMIT = 0
    with pytest.raises(LimitReached):
        run_admit(run_request())
    assert_nothing_happened()


def test_going_on_with_a_counted_turn_counts_no_message(run_request, settings):
    settings.DAILY_MESSAGE_LIMIT = 1
    first = run_admit(run_request()).run
    run = run_admit(run_request(thread_id=first.thread_id, is_resume=True)).run
    assert run.message_counted_on is None
    assert messages_counted() == 1


def test_going_on_with_the_turn_of_a_copy_counts_once(run_request, settings):
    settings.DAILY_MESSAGE_LIMIT = 1
    first = run_admit(run_request(is_resume=True)).run
    assert first.message_counted_on is not None
    again = run_admit(run_request(thread_id=first.thread_id, is_resume=True)).run
    assert again.message_counted_on is None
    with pytest.raises(LimitReached):
        run_admit(run_request(is_resume=True))
    assert messages_counted() == 1


def test_service_run_is_billed_to_its_user_and_counts_no_message(user, run_request, settings):
    settings.DAILY_MESSAGE_LIMIT = 0
    run = run_admit(run_request(role=Role.SERVICE, thread_id=None, graph_id="summarizer")).run
    assert (run.user_id, run.session_id, run.message_counted_on) == (user.pk, None, None)


def test_service_run_on_a_session_belongs_to_it(user, run_request):
    session = ChatSession.objects.create(user=user, is_archived=True)
    run = run_admit(run_request(role=Role.SERVICE, thread_id=session.pk)).run
    assert run.session_id == session.pk


def test_studio_runs_on_the_house_s_settings_with_nobody_to_bill(run_request, settings):
    settings.DAILY_MESSAGE_LIMIT = 0
    admission = run_admit(run_request(role=Role.STUDIO, payer_id=None))
    assert (admission.run.user_id, admission.run.session_id) == (None, None)
    answer = describe_admission(admission)
    assert (answer["user_id"], answer["session_id"], answer["metadata"]) == (None, None, {})
    assert not ChatSession.objects.exists()


def test_studio_does_not_reach_a_user_s_thread(user, run_request):
    session = ChatSession.objects.create(user=user)
    with pytest.raises(NotFound):
        run_admit(run_request(role=Role.STUDIO, payer_id=None, thread_id=session.pk))
    assert_nothing_happened(sessions=1)


@pytest.mark.django_db(transaction=True)
def test_parallel_runs_of_one_new_thread_share_its_session(run_request):
    thread_id = uuid.uuid4()
    outcomes = in_parallel(20, lambda _: run_admit(run_request(thread_id=thread_id)))
    assert [type(outcome) for outcome in outcomes] == [Admission] * 20
    assert (ChatSession.objects.count(), Run.objects.count(), messages_counted()) == (1, 20, 20)


@pytest.mark.django_db(transaction=True)
def test_of_two_users_who_take_the_same_new_thread_one_is_refused(user, stranger, run_request):
    thread_id = uuid.uuid4()
    payers = [user.pk, stranger.pk] * 5
    outcomes = in_parallel(10, lambda n: run_admit(run_request(thread_id=thread_id, payer_id=payers[n])))
    owner_id = ChatSession.objects.get().user_id
    assert [isinstance(outcome, Admission) for outcome in outcomes] == [payer == owner_id for payer in payers]
    assert set(Run.objects.values_list("user_id", flat=True)) == {owner_id}
    assert messages_counted() == 5


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("limit", [1, 5])
def test_same_admission_sent_many_times_at_once_counts_once(run_request, settings, limit):
    settings.DAILY_MESSAGE_LIMIT = limit
    request = run_request()
    outcomes = in_parallel(20, lambda _: run_admit(request))
    assert len({str(describe_admission(outcome)) for outcome in outcomes}) == 1
    assert (Run.objects.count(), messages_counted()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_of_fifty_parallel_runs_exactly_one_takes_the_last_message(run_request, settings):
    settings.DAILY_MESSAGE_LIMIT = 1
    outcomes = in_parallel(50, lambda _: run_admit(run_request()))
    assert sum(isinstance(outcome, Admission) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, LimitReached) for outcome in outcomes) == 49
    assert (Run.objects.count(), ChatSession.objects.count(), messages_counted()) == (1, 1, 1)
