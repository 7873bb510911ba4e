"""Each tool call is asked for, counted once, and has an end, whatever is repeated or lost."""

import uuid

import pytest
from django.utils import timezone

from controlplane.errors import Conflict, Forbidden, LimitReached, NotFound
from controlplane.runs.admission import Role
from controlplane.runs.mirror import has_made_calls, run_close, run_end, run_withdraw
from controlplane.runs.tool_calls import tool_call_permit
from controlplane.tools.calls import MOST_REFUSED_PER_RUN, ToolCallRequest, ToolPermit, tool_call_end
from controlplane.tools.catalogue import available_tools_switch
from controlplane.tools.models import AvailableTool, ToolCall, UserTool
from controlplane.tools.services import user_tool_choose
from tests.controlplane.in_parallel import in_parallel


@pytest.fixture
def run(built_in, admitted):
    return admitted()


def ask(run, *, tool_name="calculator", **changes) -> ToolCallRequest:
    given = {"run_id": run.pk, "attempt_id": uuid.uuid4(), "tool_call_id": "call_1", "tool_name": tool_name}
    return ToolCallRequest(**{**given, **changes})


def nothing_was_counted() -> bool:
    permitted = ToolCall.objects.exclude(outcome="refused")
    return not permitted.exists() and not UserTool.objects.filter(usage_count__gt=0).exists()


def outcomes() -> dict[str, str]:
    return dict(ToolCall.objects.values_list("tool_name", "outcome"))


def test_permitted_call_is_noted_and_counted(user, run):
    request = ask(run)

    permit = tool_call_permit(request)

    assert (permit.attempt_id, permit.configuration, permit.secrets, permit.is_new) == (
        request.attempt_id,
        {},
        {},
        True,
    )
    call, tool = ToolCall.objects.get(), UserTool.objects.get()
    assert (call.pk, call.run_id, call.user_id, call.session_id) == (
        request.attempt_id,
        run.pk,
        user.pk,
        run.session_id,
    )
    assert (call.tool_name, call.tool_call_id, call.outcome) == ("calculator", "call_1", "pending")
    assert (tool.usage_count, tool.follows_default) == (1, True)
    assert tool.last_used_at is not None


def test_repeat_is_permitted_and_counts_nothing(run):
    request = ask(run)

    first, second = tool_call_permit(request), tool_call_permit(request)

    assert (first.is_new, second.is_new) == (True, False)
    assert (ToolCall.objects.count(), UserTool.objects.get().usage_count) == (1, 1)


def test_same_call_id_in_another_attempt_is_another_call(run):
    tool_call_permit(ask(run))
    tool_call_permit(ask(run))

    assert (ToolCall.objects.count(), UserTool.objects.get().usage_count) == (2, 2)


def test_attempt_of_another_run_is_refused(run, admitted):
    request = ask(run)
    tool_call_permit(request)

    with pytest.raises(Conflict) as refusal:
        tool_call_permit(ask(admitted(), attempt_id=request.attempt_id))

    assert refusal.value.code == "tool_call_id_taken"
    assert UserTool.objects.get().usage_count == 1


def test_switched_off_during_a_run_is_off_at_the_next_call(run):
    tool_call_permit(ask(run))
    available_tools_switch(tools=AvailableTool.objects.filter(tool_name="calculator"), is_active=False)

    with pytest.raises(Forbidden) as refusal:
        tool_call_permit(ask(run))

    assert refusal.value.code == "tool_disabled"
    assert (ToolCall.objects.exclude(outcome="refused").count(), UserTool.objects.get().usage_count) == (1, 1)


@pytest.mark.parametrize("name", ["calculator", "no_such_tool"], ids=["user's choice", "unknown"])
def test_tool_that_is_off_is_refused(user, run, name):
    UserTool.objects.create(user=user, tool_name="calculator", is_enabled=False)

    with pytest.raises(Forbidden):
        tool_call_permit(ask(run, tool_name=name))

    assert nothing_was_counted()
    assert outcomes() == {name: "refused"}


def test_rate_limit_refuses_and_counts_nothing(run):
    AvailableTool.objects.filter(tool_name="calculator").update(default_rate_limit=1)
    tool_call_permit(ask(run))

    with pytest.raises(LimitReached):
        tool_call_permit(ask(run))

    assert sorted(ToolCall.objects.values_list("outcome", flat=True)) == ["pending", "refused"]
    assert UserTool.objects.get().usage_count == 1


def test_refused_call_is_noted_once_with_whose_it_was(user, run):
    AvailableTool.objects.update(is_active=False)
    request = ask(run)
    for _ in range(2):
        with pytest.raises(Forbidden):
            tool_call_permit(request)

    call = ToolCall.objects.get()
    assert (call.pk, call.user_id, call.session_id) == (request.attempt_id, user.pk, run.session_id)
    assert call.ended_at is not None
    tool_call_end(run_id=run.pk, attempt_id=request.attempt_id, outcome="finished", duration_ms=1)
    assert run_close(run_id=run.pk) is False
    assert outcomes() == {"calculator": "refused"}


def test_refused_call_that_is_permitted_later_counts_once(run):
    request = ask(run)
    AvailableTool.objects.update(is_active=False)
    with pytest.raises(Forbidden):
        tool_call_permit(request)
    AvailableTool.objects.update(is_active=True)

    assert [tool_call_permit(request).is_new for _ in range(2)] == [True, False]

    call = ToolCall.objects.get()
    assert (call.outcome, call.ended_at, UserTool.objects.get().usage_count) == ("pending", None, 1)


def test_refusals_of_one_run_are_noted_up_to_a_bound(run, admitted):
    AvailableTool.objects.update(is_active=False)
    for asking in [run] * (MOST_REFUSED_PER_RUN + 2) + [admitted()]:
        with pytest.raises(Forbidden):
            tool_call_permit(ask(asking))

    assert ToolCall.objects.filter(run_id=run.pk).count() == MOST_REFUSED_PER_RUN
    assert ToolCall.objects.count() == MOST_REFUSED_PER_RUN + 1


def test_repeat_of_the_last_call_that_fits_is_not_refused(run):
    AvailableTool.objects.filter(tool_name="calculator").update(default_rate_limit=1)
    request = ask(run)

    tool_call_permit(request)

    assert tool_call_permit(request).is_new is False


def test_run_that_is_over_calls_nothing(run):
    run_end(run_id=run.pk, status="success", ended_at=timezone.now())

    with pytest.raises(Conflict) as refusal:
        tool_call_permit(ask(run))

    assert refusal.value.code == "run_over"
    assert nothing_was_counted()


def test_unknown_run_is_not_found(built_in, run):
    with pytest.raises(NotFound):
        tool_call_permit(ask(run, run_id=uuid.uuid4()))
    assert nothing_was_counted()


def test_user_who_was_switched_off_calls_nothing(user, run):
    user.is_active = False
    user.save()

    with pytest.raises(Conflict):
        tool_call_permit(ask(run))
    assert nothing_was_counted()


def test_studio_s_calls_are_noted_and_nobody_s_are_counted(built_in, admitted):
    tool_call_permit(ask(admitted(role=Role.STUDIO, payer_id=None)))

    assert ToolCall.objects.get().user_id is None
    assert not UserTool.objects.exists()


def test_permit_carries_configuration_and_secrets_of_its_user(user, run, search):
    user_tool_choose(
        owner_id=user.pk, tool_name="web_search", configuration={"max_results": 3, "api_key": "sk-1234"}
    )

    permit = tool_call_permit(ask(run, tool_name="web_search"))

    assert permit.configuration == {"max_results": 3, "search_provider": "ddgs"}
    assert permit.secrets == {"api_key": "sk-1234"}
    assert "sk-1234" not in f"{permit!r} {permit}"


def test_secrets_that_nobody_can_read_are_asked_for_again(user, run, search):
    user_tool_choose(owner_id=user.pk, tool_name="web_search", configuration={"api_key": "sk-1234"})
    UserTool.objects.filter(tool_name="web_search").update(sealed_secrets="gAAAA-of-another-house")

    with pytest.raises(Conflict) as refusal:
        tool_call_permit(ask(run, tool_name="web_search"))

    assert refusal.value.code == "tool_secrets_unreadable"
    assert nothing_was_counted()


def test_first_word_of_an_end_stays(run):
    request = ask(run)
    tool_call_permit(request)
    end = {"run_id": run.pk, "attempt_id": request.attempt_id}

    tool_call_end(**end, outcome="finished", duration_ms=12)
    tool_call_end(**end, outcome="failed", duration_ms=99)

    call = ToolCall.objects.get()
    assert (call.outcome, call.duration_ms) == ("finished", 12)
    assert call.ended_at is not None


def test_end_of_a_call_that_was_not_permitted_is_not_found(run, admitted):
    request = ask(run)
    tool_call_permit(request)

    with pytest.raises(NotFound) as refusal:
        tool_call_end(run_id=admitted().pk, attempt_id=request.attempt_id, outcome="finished", duration_ms=1)

    assert refusal.value.code == "tool_call_not_found"
    assert ToolCall.objects.get().outcome == "pending"


def test_settlement_closes_what_was_never_told_and_a_late_word_still_counts(run):
    told, lost = ask(run), ask(run)
    for request in (told, lost):
        tool_call_permit(request)
    tool_call_end(run_id=run.pk, attempt_id=told.attempt_id, outcome="failed", duration_ms=5)
    run_end(run_id=run.pk, status="success", ended_at=timezone.now())

    assert run_close(run_id=run.pk) is True

    outcomes = dict(ToolCall.objects.values_list("pk", "outcome"))
    assert outcomes == {told.attempt_id: "failed", lost.attempt_id: "unknown"}
    tool_call_end(run_id=run.pk, attempt_id=lost.attempt_id, outcome="cancelled", duration_ms=7)
    assert ToolCall.objects.get(pk=lost.attempt_id).outcome == "cancelled"


def test_run_that_has_called_a_tool_is_not_withdrawn(run):
    assert has_made_calls(run.pk) is False
    tool_call_permit(ask(run))

    assert has_made_calls(run.pk) is True
    assert run_withdraw(run_id=run.pk) is False


@pytest.mark.django_db(transaction=True)
def test_calls_of_many_runs_at_once_never_exceed_the_limit(built_in, admitted):
    AvailableTool.objects.filter(tool_name="calculator").update(
        default_rate_limit=5, default_rate_limit_period="day"
    )
    runs = [admitted() for _ in range(10)]

    outcomes = in_parallel(30, lambda number: tool_call_permit(ask(runs[number % 10])))

    assert sum(isinstance(outcome, ToolPermit) for outcome in outcomes) == 5
    assert sum(isinstance(outcome, LimitReached) for outcome in outcomes) == 25
    assert (ToolCall.objects.exclude(outcome="refused").count(), UserTool.objects.get().usage_count) == (5, 5)
    assert ToolCall.objects.filter(outcome="refused").count() == 25


@pytest.mark.django_db(transaction=True)
def test_same_attempt_sent_many_times_at_once_counts_once(built_in, admitted):
    request = ask(admitted())

    outcomes = in_parallel(20, lambda _: tool_call_permit(request))

    assert sum(outcome.is_new for outcome in outcomes) == 1
    assert (ToolCall.objects.count(), UserTool.objects.get().usage_count) == (1, 1)
