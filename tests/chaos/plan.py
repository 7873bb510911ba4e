"""What a storm does, drawn from one seed, so that a storm can be had again."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

PARTS = ("agent-server", "django", "worker", "valkey", "postgres")
DOORS = ("rest", "sdk")
# How often each kind of turn comes; tests/chaos/turns.py plays them.
KINDS = {
    "spoken": 5,
    "tool": 4,
    "silent": 2,
    "waited": 2,
    "left": 3,
    "dropped": 3,
    "cancelled": 3,
    "failing": 2,
    "busy": 1,
    "cut": 2,
}
TURNS_PER_KILL = 12
LONGEST_PAUSE_SECONDS = 1.5


@dataclass(frozen=True)
class Turn:
    """One thing that a user says, and through which door."""

    number: int
    kind: str
    door: str


@dataclass(frozen=True)
class Kill:
    """A part to be killed a moment after a turn was begun; the next of the list where that one is down."""

    parts: Sequence[str]
    pause: float


@dataclass(frozen=True)
class Plan:
    """All turns, in the order in which they are begun, and the kills that come with them."""

    seed: int
    turns: Sequence[Turn]
    kills: Mapping[int, Kill]

    @classmethod
    def drawn(cls, *, runs: int, seed: int) -> "Plan":
        """Draw a plan: each part is the first choice of equally many kills, one at least."""
        chance = random.Random(seed)  # noqa: S311  # to be repeated, not to be secret
        kinds = list(KINDS)
        chance.shuffle(kinds)
        # One of each kind, however short the storm is.
        drawn = [*kinds, *chance.choices(list(KINDS), weights=list(KINDS.values()), k=runs)][:runs]
        turns = [Turn(number, kind, chance.choice(DOORS)) for number, kind in enumerate(drawn)]
        rounds = max(1, round(runs / TURNS_PER_KILL / len(PARTS)))
        first = [part for _ in range(rounds) for part in chance.sample(PARTS, len(PARTS))]
        # Anywhere, so that some come close together: a part dies while another is on its way back.
        places = sorted(chance.sample(range(1, runs), len(first)))
        kills = {
            place: Kill((part, *chance.sample(PARTS, len(PARTS))), chance.uniform(0, LONGEST_PAUSE_SECONDS))
            for place, part in zip(places, first, strict=True)
        }
        return cls(seed, turns, kills)
