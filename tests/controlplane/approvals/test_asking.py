"""What waits is asked for once, and what was asked first stays."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from controlplane.approvals.asking import AskedCall, approvals_withdraw
from controlplane.approvals.fingerprint import arguments_hash
from controlplane.approvals.models import ToolApproval
from controlplane.errors import Conflict, Invalid
from controlplane.runs.approvals import run_ask
from controlplane.runs.models import Run
from graphs.metering.fingerprint import arguments_hash as hash_of_the_graphs


def call(approval_id=None, **arguments):
    return AskedCall(
        approval_id=approval_id or uuid.uuid4(), tool_name="calculator", arguments=arguments or {"a": 1}
    )


def test_asked_in_the_order_of_the_calls(ask, run, settings):
    settings.APPROVAL_EXPIRES_HOURS = 2

    asked = ask(3)

    assert [one.arguments["expression"] for one in asked] == ["0 + 1", "1 + 1", "2 + 1"]
    assert [one.position for one in asked] == [0, 1, 2]
    first = asked[0]
    assert (first.user_id, first.session_id, first.run_id) == (run.user_id, run.session_id, run.pk)
    assert (first.status, str(first)) == ("pending", "calculator (pending)")
    assert first.arguments_hash == arguments_hash({"expression": "0 + 1"})
    left = first.expires_at - timezone.now()
    assert timedelta(minutes=119) < left <= timedelta(hours=2)


def test_repeat_changes_nothing_that_was_asked(run):
    name = uuid.uuid4()
    run_ask(run_id=run.pk, message_id="m1", calls=[call(name, a=1)])

    [again] = run_ask(run_id=run.pk, message_id="m1", calls=[call(name, a=2)])

    assert (again.arguments, again.runs_with) == ({"a": 1}, {"a": 1})
    assert ToolApproval.objects.count() == 1


def test_repeat_tells_what_is_over(ask, waiting):
    ToolApproval.objects.update(expires_at=timezone.now())

    assert [one.status for one in ask()] == ["expired"]


def test_id_of_another_thread_is_taken(ask, admitted, run):
    [approval] = ask()

    with pytest.raises(Conflict) as refused:
        run_ask(run_id=admitted().pk, message_id="m1", calls=[call(approval.pk)])

    assert refused.value.code == "approval_id_taken"


@pytest.mark.parametrize(
    "arguments", [{"a": "x" * 20_001}, {"a": "x\0y"}, {"a": "\ud800"}], ids=["large", "null", "surrogate"]
)
def test_arguments_that_cannot_be_kept_are_refused(run, arguments):
    with pytest.raises(Invalid) as refused:
        run_ask(run_id=run.pk, message_id="m1", calls=[call(**arguments)])

    assert list(refused.value.fields) == ["arguments"]
    assert not ToolApproval.objects.exists()


def test_run_that_is_over_asks_nobody(run):
    Run.objects.update(ended_at=timezone.now())

    with pytest.raises(Conflict) as refused:
        run_ask(run_id=run.pk, message_id="m1", calls=[call()])

    assert refused.value.code == "run_over"
    assert not ToolApproval.objects.exists()


def test_withdrawn_is_what_waits_and_no_more(ask, run, stranger):
    first, second = ask(2)
    ToolApproval.objects.filter(pk=first.pk).update(status="approved")

    assert approvals_withdraw(thread_id=run.thread_id, user_id=stranger.pk) == 0
    assert approvals_withdraw(thread_id=run.thread_id, user_id=run.user_id) == 1

    second.refresh_from_db()
    assert (second.status, second.decided_at is None) == ("withdrawn", False)
    assert ToolApproval.objects.get(pk=first.pk).status == "approved"


@pytest.mark.parametrize(
    "arguments",
    [{}, {"b": 1, "a": [1, {"y": None, "x": "ü"}]}, {"a": 1.5, "b": "\u2028 \U0001f600", "c": True}],
    ids=["none", "nested", "letters"],
)
def test_both_planes_name_arguments_alike(arguments):
    assert arguments_hash(arguments) == hash_of_the_graphs(arguments)
    assert arguments_hash(arguments) != arguments_hash({**arguments, "a": 2})
    assert arguments_hash(arguments) == arguments_hash(dict(reversed(arguments.items())))
