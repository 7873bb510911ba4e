"""What was decided goes on, also when whoever was to start it died: once, and not for ever."""

import uuid
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.utils import timezone

from controlplane.accounts.agent_tokens import mint_for_user
from controlplane.accounts.models import CustomUser
from controlplane.approvals.claims import resume_claim
from controlplane.approvals.models import ToolApproval
from controlplane.chat.models import ChatSession
from controlplane.runs.models import Run
from controlplane.runs.tasks import resume_decided
from sdk_bridge import ServerUnreachable
from tests.controlplane.in_parallel import in_parallel

pytestmark = pytest.mark.django_db(transaction=True)

LONG_AGO = timedelta(seconds=90)


@pytest.fixture
def decided(user, agent_server) -> ToolApproval:
    """A decided call on a thread of the user's, whose resume was claimed and never came."""
    session = ChatSession.objects.create(user=user, title="Tea")
    bridge = agent_server.acting_as(mint_for_user(user).token)
    async_to_sync(bridge.create_thread)(session.pk)
    then = timezone.now() - LONG_AGO
    return ToolApproval.objects.create(
        id=uuid.uuid4(),
        user=user,
        session=session,
        thread_id=session.pk,
        run_id=uuid.uuid4(),
        message_id="m1",
        position=0,
        tool_name="calculator",
        status="approved",
        decided_at=then,
        resume_claimed_at=then,
        expires_at=then + timedelta(days=7),
    )


def runs_of(agent_server, approval) -> int:
    bridge = agent_server.acting_as(mint_for_user(approval.user).token)
    return len(async_to_sync(bridge.list_runs)(approval.thread_id))


def mirrored(approval, **changes) -> Run:
    return Run.objects.create(
        user=approval.user,
        session=approval.session,
        thread_id=approval.thread_id,
        graph_id="agent",
        **{"status": Run.Status.SUCCESS, **changes},
    )


def test_lost_resume_is_started_once(decided, agent_server):
    assert resume_decided() == 1
    assert resume_decided() == 0

    assert runs_of(agent_server, decided) == 1
    assert ToolApproval.objects.get().resumed_run_id is not None


def test_run_that_came_of_the_claim_is_noted(decided, agent_server):
    came = mirrored(decided)

    assert resume_decided() == 0

    assert ToolApproval.objects.get().resumed_run_id == came.pk
    assert runs_of(agent_server, decided) == 0


def test_run_that_may_yet_come_is_waited_for_and_one_that_never_came_made_up_for(decided, agent_server):
    run = mirrored(decided, status=Run.Status.PROVISIONAL)
    assert resume_decided() == 0
    assert ToolApproval.objects.get().resumed_run_id is None

    Run.objects.filter(pk=run.pk).update(status=Run.Status.WITHDRAWN)

    assert resume_decided() == 1


def test_earlier_runs_of_the_thread_say_nothing(decided, agent_server):
    run = mirrored(decided)
    Run.objects.filter(pk=run.pk).update(admitted_at=timezone.now() - 2 * LONG_AGO)

    assert resume_decided() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"status": "pending"},
        {"status": "withdrawn"},
        {"redeemed_by": uuid.uuid4()},
        {"resumed_run_id": uuid.uuid4()},
        {"resume_claimed_at": None},
        {"resume_claimed_at": timezone.now() + timedelta(hours=1)},
        {"decided_at": timezone.now() - timedelta(days=2)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_nothing_is_started_that_should_not_go_on(decided, agent_server, change):
    ToolApproval.objects.update(**change)

    assert resume_decided() == 0

    assert runs_of(agent_server, decided) == 0


@pytest.mark.parametrize("gone", ["session", "account"])
def test_nothing_is_started_for_what_is_gone(decided, agent_server, gone):
    if gone == "session":
        ChatSession.objects.update(deleted_at=timezone.now())
    else:
        CustomUser.objects.update(is_active=False)

    assert resume_decided() == 0


def test_server_that_is_away_is_tried_again(decided, agent_server):
    agent_server.faults.fail_with = ServerUnreachable("away")
    with pytest.raises(ServerUnreachable):
        resume_decided()
    agent_server.faults.fail_with = None
    assert resume_decided() == 0

    ToolApproval.objects.update(resume_claimed_at=timezone.now() - LONG_AGO)

    assert resume_decided() == 1


def test_what_is_refused_for_good_is_given_up(decided, agent_server):
    ToolApproval.objects.update(thread_id=uuid.uuid4())

    assert resume_decided() == 0

    assert ToolApproval.objects.get().resume_claimed_at is None


def test_sweeps_at_once_start_one(decided, agent_server):
    started = in_parallel(4, lambda _: resume_decided())

    assert sorted(started) == [0, 0, 0, 1]


def test_claim_is_taken_once_until_it_is_old(decided):
    assert resume_claim(decided) is True
    assert resume_claim(decided) is False
    ToolApproval.objects.update(resume_claimed_at=timezone.now() - LONG_AGO)
    assert resume_claim(decided) is True
