"""The users of a storm: each says one thing after the other, again where the system did not take it."""

import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import pairwise

from tests.chaos.doors import RestDoor, SdkDoor
from tests.chaos.plan import Turn
from tests.chaos.script import AFTERWARDS, word_of
from tests.chaos.turns import MANNERS, Door, NotAdmitted, Then, play
from tests.end_to_end.api import Api

# Longer than any part takes to come back, and than a run that goes on without its listener.
PATIENCE_SECONDS = 120.0
PAUSE_SECONDS = 0.4
CONVERSATIONS, TURNS_EACH = 3, 8


@dataclass
class Happenings:
    """What clients saw, counted over all users."""

    refusals: Counter[str] = field(default_factory=Counter)
    hang_ups: int = 0
    cancelled: int = 0
    begun: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, *, refusal: str = "", hang_ups: int = 0, cancelled: int = 0, begun: int = 0) -> None:
        """Count."""
        with self.lock:
            if refusal:
                self.refusals[refusal] += 1
            self.hang_ups += hang_ups
            self.cancelled += cancelled
            self.begun += begun


class StormUser:
    """One account, which talks in some conversations in turn."""

    def __init__(self, url: str, access_token: str, happenings: Happenings) -> None:
        self.api = Api(url)
        self.api.http.headers["Authorization"] = f"Bearer {access_token}"
        # It ends before a long storm does.
        asked = {"name": "Storm", "scopes": ["read", "write", "agent"]}
        token = self.api.expect(201, "POST", "auth/personal-access-tokens/", json=asked)["secret"]
        self.api.http.headers["Authorization"] = f"Bearer {token}"
        # What was said where its user was told of success.
        self.answered: defaultdict[str, list[str]] = defaultdict(list)
        self._rest = RestDoor(self.api)
        self._doors: dict[str, Door] = {"rest": self._rest, "sdk": SdkDoor(self.api)}
        self._happenings = happenings
        self._open: list[tuple[str, int]] = []

    def play(self, turn: Turn) -> None:
        """Say it until it is taken."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        tries = 0
        while True:
            tries += 1
            try:
                return self._try(turn, f"{word_of(turn.kind)} {turn.number}.{tries}")
            except NotAdmitted as refused:
                self._happenings.note(refusal=refused.why)
                if time.monotonic() > deadline:
                    raise AssertionError(f"{turn} was not taken in {tries} tries: {refused.why}") from refused
            time.sleep(PAUSE_SECONDS)

    def _try(self, turn: Turn, text: str) -> None:
        session = self._next_conversation(text)
        manner = MANNERS[turn.kind]
        heard = play(self._doors[turn.door], session, text, manner)
        if manner.is_answered and not heard.is_success:
            self._leave_alone(session)
        self._happenings.note(
            begun=1, hang_ups=manner.then is Then.LEAVES, cancelled=manner.then is Then.CANCELS
        )
        if heard.is_success:
            self.answered[session].append(text)

    def _leave_alone(self, session: str) -> None:
        """Talk elsewhere: a run may still be going on here."""
        self._open = [(one, turns) for one, turns in self._open if one != session]

    def _next_conversation(self, name: str) -> str:
        if len(self._open) < CONVERSATIONS:
            self._open.append((self._rest.open(name=name), 0))
        session, turns = self._open.pop(0)
        if turns < TURNS_EACH:
            self._open.append((session, turns + 1))
        return session

    def sessions(self) -> list[str]:
        """Return all that the system lists, however many pages that takes."""
        found: list[str] = []
        cursor: str | None = "sessions/?limit=50"
        while cursor:
            page = self.api.expect(200, "GET", cursor)
            found += [session["id"] for session in page["results"]]
            cursor = page["next"]
        return found

    def goes_on(self, session: str) -> None:
        """Open a conversation and take the next turn in it."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                answer = self._rest.wait(session, f"{AFTERWARDS} {session}")
            except NotAdmitted as refused:
                why = refused.why
            else:
                if answer.is_success:
                    return
                why = f"run {answer.run_id} had no success"
            if time.monotonic() > deadline:
                raise AssertionError(f"{session} does not go on: {why}")
            time.sleep(PAUSE_SECONDS)

    def forgotten(self, session: str) -> list[str]:
        """Name what was answered and is not in the history once, and with an answer behind it."""
        history = self._whole_history(session)
        said = [message["content"] for message in history if message["role"] == "human"]
        doubled = [f"{session}: {text} was said twice" for text in set(said) if said.count(text) > 1]
        answered = {
            before["content"] for before, after in pairwise(history)
            if before["role"] == "human" and after["role"] == "ai"
        }  # fmt: skip
        lost = [f"{session}: {text} is lost" for text in self.answered[session] if text not in answered]
        return doubled + lost

    def _whole_history(self, session: str) -> list[dict[str, object]]:
        page = self.api.expect(200, "GET", f"sessions/{session}/history/?limit=500")
        assert not page["has_earlier"]
        messages: list[dict[str, object]] = page["messages"]
        return messages
