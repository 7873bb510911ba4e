"""Lets a storm go over a system, waits for calm, and says what the books hold then."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tests.chaos.books import read_books
from tests.chaos.killer import Killer
from tests.chaos.plan import Plan, Turn
from tests.chaos.reckoning import Reckoning, reckon
from tests.chaos.report import Report
from tests.chaos.system import ShakenSystem
from tests.chaos.users import Happenings, StormUser
from tests.end_to_end.api import eventually
from tests.end_to_end.signed_in_users import access_tokens

USERS = 6
TOLD_EVERY = 50
# A lost run is given up after 60 s, its calls are settled 15 s later, and the sweep comes every 15 s.
SETTLED_SECONDS = 180.0
UNFINISHED = """
    SELECT (SELECT count(*) FROM runs_run WHERE settled_at IS NULL) AS runs,
           (SELECT count(*) FROM chat_chatsession WHERE is_provisional) AS sessions
"""


@dataclass
class Storm:
    """One plan on one system."""

    plan: Plan
    system: ShakenSystem
    tell: Callable[[str], object] = str  # nobody is told

    def rage(self, *, minutes: float) -> Report:
        """Play the whole plan, or as much as the time allows, then bring everything to rest and count."""
        started = time.monotonic()
        happenings, killer = Happenings(), Killer(self.system)
        tokens = access_tokens(self.system.stack, USERS)
        users = [StormUser(self.system.url, token, happenings) for token in tokens]
        turns = self._turns(killer, until=started + minutes * 60)
        try:
            with ThreadPoolExecutor(USERS) as pool:
                for played in [pool.submit(self._play, user, turns) for user in users]:
                    played.result()
        finally:
            killer.end()
        raged = time.monotonic() - started
        sessions, forgotten = self._calm(users)
        return Report(
            plan=self.plan,
            happenings=happenings,
            kills=killer.kills,
            webhooks=self.system.line.fates,
            sessions=sessions,
            forgotten=forgotten,
            raged=raged,
            seconds=time.monotonic() - started,
            reckoning=self._reckon(),
        )

    def _turns(self, killer: Killer, *, until: float) -> Iterator[Turn]:
        """Hand out the turns, ordering the kills that come with them."""
        for turn in self.plan.turns:
            if time.monotonic() > until:
                return
            if kill := self.plan.kills.get(turn.number):
                killer.order(kill)
            if turn.number % TOLD_EVERY == 0:
                self.tell(f"turn {turn.number} of {len(self.plan.turns)}, kills {dict(killer.kills)}")
            yield turn
        self.tell("every turn was begun")

    def _play(self, user: StormUser, turns: Iterator[Turn]) -> None:
        while True:
            with _HANDING_OUT:
                turn = next(turns, None)
            if turn is None:
                return
            self.system.require_supervised()
            user.play(turn)

    def _calm(self, users: list[StormUser]) -> tuple[int, list[str]]:
        """Wait until nothing is open, and go on in every conversation.

        Returns how many conversations there are, and what they lack.
        """
        self.tell("the storm is over; waiting for settlement")
        self.system.line.is_calm = True
        self._await_settlement()
        self.tell("going on in every conversation")
        with ThreadPoolExecutor(USERS) as pool:
            found = list(pool.map(_go_on, users))
        self._await_settlement()
        return sum(count for count, _ in found), [lack for _, lacks in found for lack in lacks]

    def _await_settlement(self) -> None:
        eventually(
            lambda: self.system.rows(UNFINISHED)[0],
            lambda left: left == {"runs": 0, "sessions": 0},
            within=SETTLED_SECONDS,
        )

    def _reckon(self) -> Reckoning:
        return reckon(read_books(self.system))


_HANDING_OUT = threading.Lock()


def _go_on(user: StormUser) -> tuple[int, list[str]]:
    sessions = user.sessions()
    assert set(user.answered) <= set(sessions)
    lacks: list[str] = []
    for session in sessions:
        user.goes_on(session)
        lacks += user.forgotten(session)
    return len(sessions), lacks
