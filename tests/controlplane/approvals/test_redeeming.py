"""Leave is good for one attempt at one call, as it was decided."""

import uuid
from dataclasses import replace

import pytest

from controlplane.approvals.deciding import Decision, approval_decide
from controlplane.approvals.models import ToolApproval
from controlplane.approvals.redeeming import Redemption, approval_redeem
from controlplane.errors import Forbidden
from controlplane.runs.tool_calls import tool_call_permit
from controlplane.tools.calls import ToolCallRequest
from controlplane.tools.models import AvailableTool, ToolCall
from tests.controlplane.in_parallel import in_parallel


@pytest.fixture
def redemption(waiting) -> Redemption:
    """The right one, of an approved call."""
    approval_decide(approval_id=waiting.pk, user_id=waiting.user_id, decision=Decision(type="approve"))
    return Redemption(
        approval_id=waiting.pk,
        attempt_id=uuid.uuid4(),
        thread_id=waiting.thread_id,
        user_id=waiting.user_id,
        tool_name="calculator",
        arguments_hash=waiting.arguments_hash,
    )


def test_one_attempt_may_repeat_and_no_other_may_come(redemption):
    approval_redeem(redemption)
    approval_redeem(redemption)

    with pytest.raises(Forbidden) as refused:
        approval_redeem(replace(redemption, attempt_id=uuid.uuid4()))

    assert refused.value.code == "approval_required"
    assert ToolApproval.objects.get().redeemed_by == redemption.attempt_id


@pytest.mark.parametrize(
    "change",
    [
        {"approval_id": None},
        {"approval_id": uuid.uuid4()},
        {"thread_id": None},
        {"thread_id": uuid.uuid4()},
        {"user_id": None},
        {"user_id": uuid.uuid4()},
        {"tool_name": "fetch_page"},
        {"arguments_hash": "0" * 64},
    ],
    ids=lambda change: "-".join(f"{name}" for name in change),
)
def test_everything_has_to_fit(redemption, change):
    with pytest.raises(Forbidden):
        approval_redeem(replace(redemption, **change))

    assert ToolApproval.objects.get().redeemed_by is None


@pytest.mark.parametrize("status", ["pending", "rejected", "expired", "withdrawn"])
def test_only_leave_that_was_given_counts(redemption, status):
    ToolApproval.objects.update(status=status)

    with pytest.raises(Forbidden):
        approval_redeem(redemption)


@pytest.mark.django_db(transaction=True)
def test_of_many_attempts_at_once_one_runs(built_in, redemption):
    attempts = [replace(redemption, attempt_id=uuid.uuid4()) for _ in range(12)]

    ended = in_parallel(12, lambda number: approval_redeem(attempts[number]))

    assert ended.count(None) == 1
    assert sum(isinstance(one, Forbidden) for one in ended) == 11


def test_permit_redeems_what_the_catalogue_wants_approved_now(built_in, run, waiting):
    AvailableTool.objects.update(requires_approval=True)
    wanted = ToolCallRequest(
        run_id=run.pk,
        attempt_id=uuid.uuid4(),
        tool_call_id="c1",
        tool_name="calculator",
        approval_id=waiting.pk,
        arguments_hash=waiting.arguments_hash,
    )
    with pytest.raises(Forbidden) as refused:
        tool_call_permit(wanted)
    assert refused.value.code == "approval_required"
    assert ToolCall.objects.get().outcome == "refused"

    approval_decide(approval_id=waiting.pk, user_id=waiting.user_id, decision=Decision(type="approve"))

    assert tool_call_permit(wanted).is_new is True
    assert tool_call_permit(wanted).is_new is False
    with pytest.raises(Forbidden):
        tool_call_permit(replace(wanted, attempt_id=uuid.uuid4()))
    assert sorted(ToolCall.objects.values_list("outcome", flat=True)) == ["pending", "refused"]


def test_permit_holds_what_was_asked_for_to_the_answer(built_in, run, waiting):
    wanted = ToolCallRequest(
        run_id=run.pk,
        attempt_id=uuid.uuid4(),
        tool_call_id="c1",
        tool_name="calculator",
        approval_id=waiting.pk,
        arguments_hash=waiting.arguments_hash,
    )
    with pytest.raises(Forbidden):
        tool_call_permit(wanted)

    approval_decide(approval_id=waiting.pk, user_id=waiting.user_id, decision=Decision(type="approve"))

    assert tool_call_permit(wanted).is_new is True


def test_permit_asks_for_no_leave_where_none_is_needed(built_in, run):
    free = ToolCallRequest(run_id=run.pk, attempt_id=uuid.uuid4(), tool_call_id="c1", tool_name="calculator")

    assert tool_call_permit(free).is_new is True
