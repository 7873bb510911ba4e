"""A storm can be had again by its seed, and leaves no part and no kind of turn out."""

from collections import Counter

from tests.chaos.plan import KINDS, PARTS, Plan
from tests.chaos.turns import MANNERS


def test_the_same_seed_draws_the_same_plan() -> None:
    assert Plan.drawn(runs=100, seed=7) == Plan.drawn(runs=100, seed=7)
    assert Plan.drawn(runs=100, seed=7) != Plan.drawn(runs=100, seed=8)


def test_a_short_storm_has_every_kind_of_turn_and_kills_each_part_once() -> None:
    plan = Plan.drawn(runs=40, seed=1)

    assert [turn.number for turn in plan.turns] == list(range(40))
    assert {turn.kind for turn in plan.turns} == set(KINDS) == set(MANNERS)
    assert sorted(kill.parts[0] for kill in plan.kills.values()) == sorted(PARTS)
    assert all(0 < number < 40 for number in plan.kills)


def test_a_long_storm_kills_each_part_equally_often() -> None:
    plan = Plan.drawn(runs=1000, seed=1)

    assert Counter(kill.parts[0] for kill in plan.kills.values()) == dict.fromkeys(PARTS, 17)
