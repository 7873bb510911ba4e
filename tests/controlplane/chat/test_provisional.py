"""Provisional sessions: real once their thread is seen, withdrawn when it never comes."""

import uuid
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.utils import timezone

from controlplane.accounts.agent_tokens import mint_for_user
from controlplane.chat import provisional
from controlplane.chat.models import ChatSession
from controlplane.chat.provisional import OLD_ENOUGH, WITHDRAW_AFTER, sweep_provisional_sessions
from controlplane.chat.tasks import sweep_provisional
from controlplane.runs.claims import thread_claim
from controlplane.runs.models import Run
from sdk_bridge import ServerUnreachable

sweep = async_to_sync(sweep_provisional_sessions)


@pytest.fixture
def claim(user):
    """Claim a new thread, so long ago; returns its id."""

    def make(*, age: timedelta = OLD_ENOUGH) -> uuid.UUID:
        thread_id = uuid.uuid4()
        thread_claim(thread_id=thread_id, user_id=user.pk)
        ChatSession.objects.filter(pk=thread_id).update(updated_at=timezone.now() - age)
        return thread_id

    return make


def make_thread(agent_server, owner, thread_id):
    async_to_sync(agent_server.acting_as(mint_for_user(owner).token).create_thread)(thread_id)


def test_session_whose_thread_is_there_becomes_real(claim, user, agent_server):
    thread_id = claim()
    make_thread(agent_server, user, thread_id)
    assert sweep() == 1
    session = ChatSession.objects.get()
    assert (session.pk, session.user_id, session.is_provisional) == (thread_id, user.pk, False)
    assert sweep() == 0


def test_session_is_left_alone_while_its_thread_is_being_made(claim, agent_server):
    claim(age=timedelta(0))
    assert sweep() == 0
    claim()
    assert sweep() == 0
    assert ChatSession.objects.provisional().count() == 2


def test_session_whose_thread_never_came_is_withdrawn(claim, agent_server):
    claim(age=WITHDRAW_AFTER)
    assert sweep() == 1
    assert not ChatSession.objects.exists()


def test_renewed_claim_is_waited_for_again(claim, user, agent_server):
    thread_id = claim(age=WITHDRAW_AFTER)
    thread_claim(thread_id=thread_id, user_id=user.pk)
    assert sweep() == 0
    assert ChatSession.objects.get().pk == thread_id


def test_claim_in_the_middle_of_a_sweep_keeps_its_session(claim, user, agent_server, monkeypatch):
    thread_id = claim(age=WITHDRAW_AFTER)
    withdraw = provisional.session_withdraw

    def claim_first(**arguments):
        thread_claim(thread_id=thread_id, user_id=user.pk)
        return withdraw(**arguments)

    monkeypatch.setattr(provisional, "session_withdraw", claim_first)
    assert sweep() == 0
    assert ChatSession.objects.get().pk == thread_id


def test_run_that_may_still_come_keeps_its_session(claim, user, agent_server):
    session = ChatSession.objects.get(pk=claim(age=WITHDRAW_AFTER))
    Run.objects.create(user=user, session=session, thread_id=session.pk, graph_id="agent", model_name="m")
    assert sweep() == 0
    assert ChatSession.objects.get() == session


def test_session_on_a_stranger_s_thread_is_withdrawn_at_once(claim, stranger, agent_server):
    make_thread(agent_server, stranger, claim())
    assert sweep() == 1
    assert not ChatSession.objects.exists()


def test_real_sessions_are_not_looked_at(session, agent_server):
    ChatSession.objects.update(updated_at=timezone.now() - WITHDRAW_AFTER)
    agent_server.faults.fail_with = ServerUnreachable("away")
    assert sweep() == 0
    assert ChatSession.objects.get() == session


def test_agent_server_that_is_away_leaves_everything_open(claim, agent_server):
    claim(age=WITHDRAW_AFTER)
    agent_server.faults.fail_with = ServerUnreachable("away")
    with pytest.raises(ServerUnreachable):
        sweep()
    assert ChatSession.objects.provisional().count() == 1


def test_sweep_is_bounded_and_goes_on_with_the_rest_next_time(claim, agent_server, monkeypatch):
    monkeypatch.setattr(provisional, "SESSIONS_PER_SWEEP", 2)
    for _ in range(3):
        claim(age=WITHDRAW_AFTER)
    assert [sweep_provisional(), sweep_provisional()] == [2, 1]
    assert not ChatSession.objects.exists()


def listed(api) -> list[str]:
    return [row["id"] for row in api.get("/api/v1/sessions/").json()["results"]]


def test_thread_that_was_just_made_is_in_the_list_at_once(api, claim, user, agent_server):
    thread_id = claim(age=timedelta(0))
    make_thread(agent_server, user, thread_id)
    assert listed(api) == [str(thread_id)]
    assert not ChatSession.objects.get().is_provisional


def test_thread_that_is_not_there_is_not_in_the_list(api, claim, agent_server):
    claim(age=timedelta(0))
    assert listed(api) == []
    assert ChatSession.objects.get().is_provisional


def test_list_looks_for_the_newest_of_the_caller_alone(
    api, stranger_api, claim, user, agent_server, monkeypatch
):
    monkeypatch.setattr(provisional, "SESSIONS_PER_LOOK", 2)
    threads = [claim(age=timedelta(seconds=age)) for age in (3, 2, 1)]
    for thread_id in threads:
        make_thread(agent_server, user, thread_id)
    assert listed(stranger_api) == []
    assert ChatSession.objects.provisional().count() == 3
    assert listed(api) == [str(threads[2]), str(threads[1])]


def test_list_does_without_an_agent_server_that_is_away(api, claim, session, agent_server):
    claim()
    agent_server.faults.fail_with = ServerUnreachable("away")
    assert listed(api) == [str(session.pk)]
    assert ChatSession.objects.provisional().count() == 1
