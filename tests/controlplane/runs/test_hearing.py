"""What admission hears of decisions, and what turns leave behind."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from controlplane.approvals.deciding import Decision
from controlplane.approvals.models import ToolApproval
from controlplane.errors import Conflict
from controlplane.runs.admission import Role, run_admit
from controlplane.runs.mirror import run_end
from controlplane.runs.models import Run
from tests.controlplane.in_parallel import in_parallel

APPROVE = [Decision(type="approve")]


@pytest.fixture
def asker(admitted) -> Run:
    """A run that asked."""
    run = admitted()
    ToolApproval.objects.create(
        id=uuid.uuid4(),
        user=run.user,
        session=run.session,
        thread_id=run.thread_id,
        run_id=run.pk,
        message_id="m1",
        position=0,
        tool_name="calculator",
        expires_at=timezone.now() + timedelta(hours=1),
    )
    return run


def status() -> str:
    return ToolApproval.objects.get().status


def test_resume_is_heard_once_and_repeats_are_harmless(asker, run_request):
    resume = run_request(thread_id=asker.thread_id, is_resume=True, decisions=APPROVE)

    assert run_admit(resume).run == run_admit(resume).run

    assert status() == "approved"
    with pytest.raises(Conflict) as refused:
        run_admit(run_request(thread_id=asker.thread_id, is_resume=True, decisions=APPROVE))
    assert refused.value.code == "approval_decided"
    assert Run.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_one_admission_sent_many_times_at_once_is_one(asker, run_request):
    resume = run_request(thread_id=asker.thread_id, is_resume=True, decisions=APPROVE)

    admissions = in_parallel(8, lambda _: run_admit(resume).run.pk)

    assert set(admissions) == {resume.run_id}
    assert (status(), Run.objects.count()) == ("approved", 2)


@pytest.mark.django_db(transaction=True)
def test_of_many_resumes_at_once_one_is_let_in(asker, run_request):
    def resume(_: int) -> object:
        return run_admit(run_request(thread_id=asker.thread_id, is_resume=True, decisions=APPROVE)).run.pk

    ended = in_parallel(8, resume)

    assert sum(isinstance(one, uuid.UUID) for one in ended) == 1
    assert {getattr(one, "code", "") for one in ended} == {"", "approval_decided"}
    assert Run.objects.count() == 2


def test_new_message_withdraws_and_a_resume_that_says_nothing_does_not(asker, run_request):
    run_admit(run_request(thread_id=asker.thread_id, is_resume=True))
    assert status() == "pending"

    run_admit(run_request(thread_id=asker.thread_id))

    assert status() == "withdrawn"


def test_run_of_the_control_plane_withdraws_nothing(asker, run_request):
    run_admit(run_request(thread_id=asker.thread_id, role=Role.SERVICE))

    assert status() == "pending"


def test_refused_run_withdraws_nothing(asker, run_request, stranger):
    with pytest.raises(Exception, match="no such conversation"):
        run_admit(run_request(thread_id=asker.thread_id, payer_id=stranger.pk))

    assert status() == "pending"


def test_turn_that_waited_in_line_leaves_the_question_behind_when_it_ends(asker, admitted):
    ToolApproval.objects.update(status="approved")
    turn = admitted(thread_id=asker.thread_id)
    ToolApproval.objects.update(status="pending")
    run_end(run_id=asker.pk, status="interrupted", ended_at=timezone.now())
    assert status() == "pending"

    run_end(run_id=turn.pk, status="success", ended_at=timezone.now())

    assert status() == "withdrawn"


def test_question_that_came_later_waits_on(asker, admitted):
    early = timezone.now() - timedelta(minutes=1)
    turn = admitted(thread_id=asker.thread_id)
    ToolApproval.objects.update(status="pending")

    run_end(run_id=turn.pk, status="success", ended_at=early)

    assert status() == "pending"


def test_resume_that_ends_leaves_other_questions_alone(asker, admitted):
    resume = admitted(thread_id=asker.thread_id, is_resume=True)

    run_end(run_id=resume.pk, status="success", ended_at=timezone.now())

    assert status() == "pending"
