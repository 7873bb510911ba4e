"""The Agent Server's line to the control plane on a bad day: webhooks are lost, or come twice."""

import random
from collections import Counter

from tests.end_to_end.control_plane_line import ControlPlaneLine, Fate, Request

LOST, DOUBLED = 0.2, 0.1


class UnreliableLine(ControlPlaneLine):
    """Draws what becomes of each webhook, and counts."""

    def __init__(self, target_port: int, *, seed: int) -> None:
        self.fates: Counter[Fate] = Counter()
        self.is_calm = False
        self._chance = random.Random(seed)  # noqa: S311  # to be repeated, not to be secret
        super().__init__(target_port)

    def fate_of(self, webhook: Request) -> Fate:
        """Draw, but in the calm at the end."""
        if self.is_calm:
            return Fate.PASSED
        drawn = self._chance.random()
        fate = Fate.LOST if drawn < LOST else Fate.DOUBLED if drawn < LOST + DOUBLED else Fate.PASSED
        self.fates[fate] += 1
        return fate
