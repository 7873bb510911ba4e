"""The first word counts, only its user says it, and the last of a message lets one run go on."""

import uuid

import pytest
from django.utils import timezone

from controlplane.approvals.deciding import Decision, approval_decide, approvals_answer
from controlplane.approvals.fingerprint import arguments_hash
from controlplane.approvals.models import ToolApproval
from controlplane.audit.models import AuditEntry
from controlplane.chat.models import ChatSession
from controlplane.errors import Conflict, Invalid, NotFound
from tests.controlplane.in_parallel import in_parallel

APPROVE, REJECT = Decision(type="approve"), Decision(type="reject", reason="No.")
EDIT = Decision(type="edit", arguments={"expression": "9"})


def decide(approval, decision=APPROVE):
    return approval_decide(approval_id=approval.pk, user_id=approval.user_id, decision=decision)


def answer(approval, *decisions):
    approvals_answer(thread_id=approval.thread_id, user_id=approval.user_id, decisions=decisions)


@pytest.mark.parametrize(
    ("decision", "status", "runs_with"),
    [
        (APPROVE, "approved", {"expression": "0 + 1"}),
        (EDIT, "edited", {"expression": "9"}),
        (REJECT, "rejected", {"expression": "0 + 1"}),
    ],
    ids=lambda value: getattr(value, "type", None),
)
def test_decision_is_kept_with_its_hash_and_in_the_record(waiting, decision, status, runs_with):
    decided = decide(waiting, decision)

    kept = ToolApproval.objects.get()
    assert (kept.status, kept.runs_with, kept.reason) == (status, runs_with, decision.reason)
    assert kept.arguments == {"expression": "0 + 1"}
    assert kept.arguments_hash == arguments_hash(runs_with)
    assert (decided.resumes, kept.decided_at is None) == (True, False)
    entry = AuditEntry.objects.get(action="approval.decide")
    assert (entry.actor_id, entry.concerns_id, entry.subject_id) == (
        waiting.user_id,
        waiting.user_id,
        str(waiting.pk),
    )
    assert entry.changes == {"status": ["pending", status]}


def test_the_same_word_again_changes_nothing_and_another_is_refused(waiting):
    decide(waiting, EDIT)

    assert decide(waiting, EDIT).resumes is False
    for other in (APPROVE, REJECT, Decision(type="edit", arguments={"expression": "10"})):
        with pytest.raises(Conflict) as refused:
            decide(waiting, other)
        assert refused.value.code == "approval_decided"
    assert ToolApproval.objects.get().edited_arguments == {"expression": "9"}
    assert AuditEntry.objects.filter(action="approval.decide").count() == 1


def test_too_late_is_refused_and_marked(waiting):
    ToolApproval.objects.update(expires_at=timezone.now())

    with pytest.raises(Conflict) as refused:
        decide(waiting)

    assert refused.value.code == "approval_expired"
    kept = ToolApproval.objects.get()
    assert (kept.status, kept.resume_claimed_at) == ("expired", None)


def test_somebody_else_s_and_a_deleted_session_s_are_not_found(waiting, stranger):
    with pytest.raises(NotFound):
        approval_decide(approval_id=waiting.pk, user_id=stranger.pk, decision=APPROVE)
    with pytest.raises(NotFound):
        approval_decide(approval_id=uuid.uuid4(), user_id=waiting.user_id, decision=APPROVE)
    ChatSession.objects.update(deleted_at=timezone.now())
    with pytest.raises(NotFound):
        decide(waiting)

    assert ToolApproval.objects.get().status == "pending"


@pytest.mark.parametrize(
    ("decision", "field"),
    [
        (Decision(type="maybe"), "decision"),
        (Decision(type="edit"), "arguments"),
        (Decision(type="approve", arguments={}), "arguments"),
        (Decision(type="edit", arguments={"a": "x" * 20_001}), "arguments"),
        (Decision(type="edit", arguments={"a": "x\0y"}), "arguments"),
    ],
    ids=["unknown", "without arguments", "with arguments", "large", "null"],
)
def test_decision_that_makes_no_sense_names_its_field(waiting, decision, field):
    for say in (decide, answer):
        with pytest.raises(Invalid) as refused:
            say(waiting, decision)
        assert list(refused.value.fields) == [field]

    assert ToolApproval.objects.get().status == "pending"


def test_the_last_of_a_message_resumes(ask):
    first, second = ask(2)
    ask(1, message_id="m2")

    assert decide(first).resumes is False
    assert decide(second, REJECT).resumes is True
    assert decide(first).resumes is False


@pytest.mark.django_db(transaction=True)
def test_of_twenty_at_once_one_resumes(built_in, ask):
    first, second = ask(2)

    decided = in_parallel(20, lambda number: decide((first, second)[number % 2]))

    assert [one.resumes for one in decided].count(True) == 1
    assert set(ToolApproval.objects.values_list("status", flat=True)) == {"approved"}


def test_resume_decides_in_the_order_of_the_calls_and_keeps_what_was_decided(ask):
    first, second, third = ask(3)
    decide(second, REJECT)

    answer(first, APPROVE, APPROVE, EDIT)

    statuses = list(ToolApproval.objects.order_by("position").values_list("status", flat=True))
    assert statuses == ["approved", "rejected", "edited"]
    with pytest.raises(Conflict) as refused:
        answer(first, APPROVE, APPROVE, APPROVE)
    assert refused.value.code == "approval_decided"
    assert decide(third, EDIT).resumes is False


def test_resume_without_decisions_decides_nothing(waiting):
    answer(waiting)

    assert ToolApproval.objects.get().status == "pending"


def test_resume_decides_about_the_latest_message_alone(ask):
    [old] = ask()
    [new] = ask(message_id="m2")
    ToolApproval.objects.filter(pk=old.pk).update(created_at=timezone.now() - timezone.timedelta(hours=1))

    answer(new, REJECT)

    assert ToolApproval.objects.get(pk=old.pk).status == "pending"
    assert ToolApproval.objects.get(pk=new.pk).status == "rejected"


@pytest.mark.parametrize("count", [1, 3])
def test_resume_says_one_decision_for_each_call(ask, count):
    first, _ = ask(2)

    with pytest.raises(Invalid) as refused:
        answer(first, *[APPROVE] * count)

    assert refused.value.fields == {"command": ["2 decisions are needed."]}
    assert set(ToolApproval.objects.values_list("status", flat=True)) == {"pending"}


def test_resume_after_the_time_decides_nothing_and_goes_on(waiting):
    ToolApproval.objects.update(expires_at=timezone.now())

    answer(waiting, APPROVE)

    assert ToolApproval.objects.get().status == "expired"


def test_resume_of_a_withdrawn_question_is_refused(waiting):
    ToolApproval.objects.update(status="withdrawn")

    with pytest.raises(Conflict):
        answer(waiting, APPROVE)
