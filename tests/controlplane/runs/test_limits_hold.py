"""Fifty at once share the room for one: every kind of limit, from every level, holds in the database."""

import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Group

from controlplane.errors import LimitReached
from controlplane.preferences.services import group_limits_change, user_limits_change
from controlplane.provider_keys.models import KeyCounter
from controlplane.runs.admission import Admission, run_admit
from controlplane.runs.ledger import estimate_commit, record_commit
from controlplane.runs.mirror import run_withdraw
from controlplane.runs.permits import Permit, call_permit
from controlplane.usage import counters
from controlplane.usage.limits import Amount, Limits, limits_for
from controlplane.usage.models import DailyCounter, MonthlyCounter, TokenUsage
from tests.controlplane.in_parallel import in_parallel
from tests.controlplane.runs.agent import record_of

TERMS = ("daily", "monthly")
ONE_CALL = 150
# 100 tokens of gpt-4o at 2.50 dollars per million, and 50 at 10.
COST_OF_ONE_CALL = Decimal("0.00075")
# Room for one call and for less than another.
ROOM = {"message": 1, "token": ONE_CALL * 2 - 1, "cost": COST_OF_ONE_CALL * 2 - Decimal("0.000000001")}


def of_user(user, limits: dict[str, Any]) -> None:
    user_limits_change(user_id=user.pk, limits=limits)


def of_group(user, limits: dict[str, Any]) -> None:
    group = Group.objects.create(name="Guests")
    user.groups.add(group)
    group_limits_change(group_id=group.pk, limits=limits)


@pytest.fixture
def of_house(settings) -> Callable[..., None]:
    def change(_user, limits: dict[str, Any]) -> None:
        for name, limit in limits.items():
            setattr(settings, name.upper(), limit)

    return change


@pytest.fixture
def limit_at(user, of_house) -> Callable[[str, str, Any], None]:
    """Set a limit at one of the three levels."""
    levels = {"user": of_user, "group": of_group, "house": of_house}
    return lambda level, name, limit: levels[level](user, {name: limit})


def tally(outcomes: list[object], kind: type) -> tuple[int, int]:
    """Count what went through and what was refused; nothing else may have happened."""
    passed = sum(isinstance(outcome, kind) for outcome in outcomes)
    refused = sum(isinstance(outcome, LimitReached) for outcome in outcomes)
    assert passed + refused == len(outcomes), [one for one in outcomes if not isinstance(one, kind)]
    return passed, refused


def names(outcomes: list[object]) -> set[str]:
    return {one.details["which"] for one in outcomes if isinstance(one, LimitReached)}


def figures(model: type) -> tuple[Any, ...]:
    counter = model.objects.get()
    return counter.messages, counter.tokens, counter.reserved_tokens, counter.cost, counter.reserved_cost


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("level", "term"), [("user", "daily"), ("group", "monthly"), ("house", "daily")])
def test_of_fifty_messages_the_one_that_fits_is_admitted(run_request, limit_at, level, term):
    limit_at(level, f"{term}_message_limit", 1)

    outcomes = in_parallel(50, lambda _: run_admit(run_request()))

    assert tally(outcomes, Admission) == (1, 49)
    assert names(outcomes) == {f"{term}_messages"}
    assert figures(DailyCounter) == figures(MonthlyCounter) == (1, 0, 0, 0, 0)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("level", "term", "kind"),
    [
        ("user", "daily", "token"),
        ("group", "monthly", "token"),
        ("group", "daily", "cost"),
        ("house", "monthly", "cost"),
    ],
)
def test_of_fifty_runs_the_one_whose_call_fits_gets_a_permit(
    admitted, call_request, limit_at, level, term, kind
):
    runs = [admitted() for _ in range(50)]
    limit_at(level, f"{term}_{kind}_limit", ROOM[kind])

    outcomes = in_parallel(50, lambda number: call_permit(call_request(runs[number])))

    assert tally(outcomes, Permit) == (1, 49)
    assert names(outcomes) == {f"{term}_tokens" if kind == "token" else f"{term}_cost"}
    assert TokenUsage.objects.count() == 1
    held = (50, 0, ONE_CALL, 0, COST_OF_ONE_CALL)
    assert figures(DailyCounter) == figures(MonthlyCounter) == held


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("term", TERMS)
def test_of_fifty_runs_one_gets_the_last_of_the_key_s_limit(admitted, call_request, make_key, term):
    make_key(**{f"{term}_limit": ROOM["token"]})
    runs = [admitted() for _ in range(50)]

    outcomes = in_parallel(50, lambda number: call_permit(call_request(runs[number])))

    assert tally(outcomes, Permit) == (1, 49)
    assert names(outcomes) == {f"key_{term}_tokens"}
    assert set(KeyCounter.objects.values_list("tokens", "reserved_tokens")) == {(0, ONE_CALL)}
    # What the key refused was not set aside on its user's counters either.
    assert figures(DailyCounter) == figures(MonthlyCounter) == (50, 0, ONE_CALL, 0, 0)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("ending", ["record", "estimate"])
def test_room_comes_back_when_a_call_is_settled(admitted, call_request, user, ending):
    of_user(user, {"monthly_token_limit": ROOM["token"]})
    run = admitted()
    request = call_request(run)
    call_permit(request)
    with pytest.raises(LimitReached):
        call_permit(call_request(run))

    if ending == "record":
        assert record_commit(record_of(run.pk, request.attempt_id))  # 100 tokens
    else:
        assert estimate_commit(attempt_id=request.attempt_id, run_id=run.pk)  # all 150

    outcomes = in_parallel(10, lambda _: call_permit(call_request(run)))
    used = 100 if ending == "record" else ONE_CALL
    fitting = 1 if used + ONE_CALL <= ROOM["token"] else 0
    assert tally(outcomes, Permit) == (fitting, 10 - fitting)
    assert MonthlyCounter.objects.get().tokens == used


@pytest.mark.django_db(transaction=True)
def test_withdrawn_runs_leave_room_for_as_many(run_request, user):
    of_user(user, {"daily_message_limit": 3, "monthly_message_limit": 3})
    admissions = [run_admit(run_request()) for _ in range(3)]

    withdrawn = in_parallel(9, lambda number: run_withdraw(run_id=admissions[number % 3].run.pk))

    assert sum(outcome is True for outcome in withdrawn) == 3
    outcomes = in_parallel(20, lambda _: run_admit(run_request()))
    assert tally(outcomes, Admission) == (3, 17)
    assert figures(DailyCounter) == figures(MonthlyCounter) == (3, 0, 0, 0, 0)


@pytest.mark.django_db(transaction=True)
def test_cap_is_passed_by_what_providers_count_beyond_the_estimates_alone(admitted, call_request, user):
    """Ten calls in flight, each of which turns out 40 tokens larger: the bound of contract 3."""
    limit = ONE_CALL * 10
    of_user(user, {"daily_token_limit": limit})
    run = admitted()
    requests = [call_request(run) for _ in range(30)]
    outcomes = in_parallel(30, lambda number: call_permit(requests[number]))
    assert tally(outcomes, Permit) == (10, 20)

    granted = [one.attempt_id for one in outcomes if isinstance(one, Permit)]
    for attempt_id in granted:
        record = record_of(run.pk, attempt_id)
        record_commit(type(record)(**{**vars_of(record), "input_tokens": 140, "output_tokens": 50}))

    assert DailyCounter.objects.get().tokens == limit + 10 * 40
    assert tally(in_parallel(10, lambda _: call_permit(call_request(run))), Permit) == (0, 10)


def vars_of(record: Any) -> dict[str, Any]:
    return {name: getattr(record, name) for name in record.__dataclass_fields__}


@pytest.mark.parametrize("seed", range(4))
def test_random_steps_agree_with_a_plain_model(user, seed):
    """Whatever comes in whatever order, counters hold what a few lines of arithmetic say."""
    dice = random.Random(seed)  # noqa: S311  # not for secrets
    day = Limits(messages=8, tokens=2000, cost=Decimal(2))
    month = Limits(messages=15, tokens=2500, cost=Decimal(3))
    for term, limits in (("daily", day), ("monthly", month)):
        of_user(
            user,
            {
                f"{term}_message_limit": limits.messages,
                f"{term}_token_limit": limits.tokens,
                f"{term}_cost_limit": limits.cost,
            },
        )
    assert (limits_for(user).day, limits_for(user).month) == (day, month)
    model = {"messages": 0, "tokens": 0, "cost": Decimal(0)}
    held: list[tuple[int, Amount]] = []

    def standing() -> tuple[int, Decimal]:
        tokens = model["tokens"] + sum(amount.tokens for _, amount in held)
        return tokens, model["cost"] + sum((amount.cost for _, amount in held), Decimal(0))

    def fits(messages: int, tokens: int, cost: Decimal) -> bool:
        of_tokens, of_cost = standing()
        return all(
            model["messages"] + messages <= one.messages
            and of_tokens + tokens <= one.tokens
            and of_cost + cost <= one.cost
            for one in (day, month)
        )

    for _ in range(60):
        step = dice.choice(["message", "reserve", "reserve", "settle", "release", "withdraw"])
        if step == "message":
            expected = fits(1, 1, Decimal("0.000000001"))
            assert passes(lambda: counters.consume_message(user)) is expected
            model["messages"] += expected
        elif step == "reserve":
            amount = Amount(tokens=dice.randint(0, 600), cost=Decimal(dice.randint(0, 600)) / 1000)
            expected = fits(0, amount.tokens, amount.cost)
            got: list[DailyCounter] = []
            assert (
                passes(lambda amount=amount, got=got: got.append(counters.reserve(user, amount))) is expected
            )
            held += [(got[0].pk, amount)] if expected else []
        elif step == "withdraw" and model["messages"]:
            counters.refund_message(user_id=user.pk, day=DailyCounter.objects.get().day)
            model["messages"] -= 1
        elif step in {"settle", "release"} and held:
            key, amount = held.pop(dice.randrange(len(held)))
            share = dice.choice([0, 30, 100, 120]) if step == "settle" else 0
            used = Amount(tokens=amount.tokens * share // 100, cost=amount.cost * share / 100)
            counters.settle(key, reserved=amount, used=used)
            model["tokens"] += used.tokens
            model["cost"] += used.cost
        for counter in (*DailyCounter.objects.all(), *MonthlyCounter.objects.all()):
            assert counter.messages == model["messages"]
            assert (counter.tokens, counter.cost) == (model["tokens"], model["cost"])
            assert (counter.standing.tokens, counter.standing.cost) == standing()


def passes(step: Callable[[], object]) -> bool:
    try:
        step()
    except LimitReached:
        return False
    return True
