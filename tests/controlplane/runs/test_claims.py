"""Whose a thread id is: asked before a thread is made, closed by the database when two ask at once."""

import uuid
from datetime import UTC, datetime

import pytest

from controlplane.chat.models import ChatSession, DeletedThread
from controlplane.errors import Forbidden, Gone, NotFound
from controlplane.runs.admission import Role, run_admit
from controlplane.runs.claims import thread_claim
from controlplane.runs.models import Run
from tests.controlplane.in_parallel import in_parallel

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def run_of(user, thread_id, **fields):
    return Run.objects.create(user=user, thread_id=thread_id, graph_id="agent", model_name="m", **fields)


def test_new_thread_gets_a_provisional_session(user):
    thread_id = uuid.uuid4()
    thread_claim(thread_id=thread_id, user_id=user.pk)
    session = ChatSession.objects.get()
    assert (session.pk, session.user_id, session.graph_id) == (thread_id, user.pk, "agent")
    assert session.is_provisional


def test_repeat_only_renews_the_claim(user):
    thread_id = uuid.uuid4()
    thread_claim(thread_id=thread_id, user_id=user.pk)
    ChatSession.objects.update(updated_at=LONG_AGO)
    thread_claim(thread_id=thread_id, user_id=user.pk)
    session = ChatSession.objects.get()
    assert session.is_provisional
    assert session.updated_at > LONG_AGO


@pytest.mark.parametrize("is_archived", [False, True], ids=["live", "archived"])
def test_own_session_may_get_its_thread_back_and_stays_as_it_is(user, is_archived):
    session = ChatSession.objects.create(user=user, is_archived=is_archived)
    ChatSession.objects.update(updated_at=LONG_AGO)
    assert thread_claim(thread_id=session.pk, user_id=user.pk) == session
    assert ChatSession.objects.get().updated_at == LONG_AGO
    assert not ChatSession.objects.get().is_provisional


@pytest.mark.parametrize("is_provisional", [False, True], ids=["session", "provisional session"])
def test_another_user_s_thread_is_not_found(user, stranger, is_provisional):
    session = ChatSession.objects.create(user=user, is_provisional=is_provisional)
    with pytest.raises(NotFound) as refusal:
        thread_claim(thread_id=session.pk, user_id=stranger.pk)
    assert refusal.value.code == "thread_not_found"
    after = ChatSession.objects.get()
    assert (after.user_id, after.updated_at) == (user.pk, session.updated_at)


@pytest.mark.parametrize("owned", [True, False], ids=["a stranger's", "Studio's or a deleted user's"])
def test_checkpoints_of_another_s_run_cannot_be_claimed(user, stranger, owned):
    thread_id = uuid.uuid4()
    run_of(stranger if owned else None, thread_id, status="success")
    with pytest.raises(NotFound):
        thread_claim(thread_id=thread_id, user_id=user.pk)
    assert not ChatSession.objects.exists()


def test_own_run_and_a_withdrawn_one_keep_nobody_out(user, stranger):
    thread_id = uuid.uuid4()
    run_of(user, thread_id, status="success")
    run_of(stranger, thread_id, status="withdrawn")
    thread_claim(thread_id=thread_id, user_id=user.pk)
    assert ChatSession.objects.get().user_id == user.pk


def test_run_on_the_checkpoints_of_another_s_run_is_not_admitted_either(user, run_request):
    thread_id = uuid.uuid4()
    run_of(None, thread_id, status="success")
    with pytest.raises(NotFound):
        run_admit(run_request(thread_id=thread_id))
    assert (Run.objects.count(), ChatSession.objects.count()) == (1, 0)


def test_deleted_thread_is_gone(user):
    thread_id = uuid.uuid4()
    DeletedThread.objects.create(thread_id=thread_id, user=user)
    with pytest.raises(Gone) as refusal:
        thread_claim(thread_id=thread_id, user_id=user.pk)
    assert refusal.value.code == "thread_deleted"
    assert not ChatSession.objects.exists()


def test_thread_that_a_stranger_deleted_is_not_found(user, stranger):
    thread_id = uuid.uuid4()
    DeletedThread.objects.create(thread_id=thread_id, user=stranger)
    with pytest.raises(NotFound):
        thread_claim(thread_id=thread_id, user_id=user.pk)
    assert not ChatSession.objects.exists()


def test_inactive_user_is_refused(make_user):
    sleeper = make_user("sleeper@example.com", is_active=False)
    with pytest.raises(Forbidden) as refusal:
        thread_claim(thread_id=uuid.uuid4(), user_id=sleeper.pk)
    assert refusal.value.code == "user_inactive"
    assert not ChatSession.objects.exists()


def test_studio_makes_no_session_and_gets_no_user_s_thread(user, run_request):
    theirs, own = ChatSession.objects.create(user=user), uuid.uuid4()
    run_admit(run_request(role=Role.STUDIO, payer_id=None, thread_id=own))
    assert thread_claim(thread_id=own, user_id=None) is None
    with pytest.raises(NotFound):
        thread_claim(thread_id=theirs.pk, user_id=None)
    assert ChatSession.objects.get() == theirs


@pytest.mark.django_db(transaction=True)
def test_of_two_users_who_claim_the_same_new_thread_one_is_refused(user, stranger):
    thread_id = uuid.uuid4()
    claimants = [user.pk, stranger.pk] * 5
    outcomes = in_parallel(10, lambda n: thread_claim(thread_id=thread_id, user_id=claimants[n]))
    session = ChatSession.objects.get()
    expected = [ChatSession if claimant == session.user_id else NotFound for claimant in claimants]
    assert [type(outcome) for outcome in outcomes] == expected
