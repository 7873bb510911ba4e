"""How a listener behaves in each kind of turn: hears it out, waits, leaves, or stops it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Protocol

TOKENS_HEARD = 4


class Then(StrEnum):
    """What the listener does once some of the answer was heard."""

    LISTENS = "listens"
    LEAVES = "leaves"
    CANCELS = "cancels"


@dataclass(frozen=True)
class Manner:
    """How a kind of turn is heard. `is_answered`: with no part killed it ends with a whole answer."""

    then: Then = Then.LISTENS
    on_disconnect: Literal["continue", "cancel"] = "continue"
    is_streamed: bool = True
    is_answered: bool = True


MANNERS = {
    "spoken": Manner(),
    "tool": Manner(),
    "silent": Manner(),
    "waited": Manner(is_streamed=False),
    "left": Manner(Then.LEAVES),
    "dropped": Manner(Then.LEAVES, "cancel", is_answered=False),
    "cancelled": Manner(Then.CANCELS, is_answered=False),
    "failing": Manner(is_answered=False),
    "busy": Manner(is_answered=False),
    "cut": Manner(is_answered=False),
}


@dataclass
class Heard:
    """What a listener knows of a run: its id, how much was heard, and whether it was told of success."""

    run_id: str = ""
    tokens: int = 0
    is_success: bool = False


class NotAdmitted(Exception):
    """The system did not take the message, for the time being; `why` is the answer's status and code."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Door(Protocol):
    """A way in: REST, or an SDK at the Agent Server."""

    def wait(self, thread: str, text: str) -> Heard:
        """Say something and wait for the end. Raises NotAdmitted."""

    @contextmanager
    def stream(self, thread: str, text: str, *, on_disconnect: str) -> Iterator[Iterator[Heard]]:
        """Say something and listen piece by piece; leaving the block hangs up. Raises NotAdmitted."""

    def cancel(self, thread: str, run: str) -> None:
        """Stop a run; where that fails, it goes on."""


def play(door: Door, thread: str, text: str, manner: Manner) -> Heard:
    """Say something and behave as the kind of turn has it. Raises NotAdmitted."""
    if not manner.is_streamed:
        return door.wait(thread, text)
    heard = Heard()
    is_cancelled = False
    with door.stream(thread, text, on_disconnect=manner.on_disconnect) as pieces:
        for heard in pieces:
            if heard.tokens < TOKENS_HEARD or is_cancelled:
                continue
            if manner.then is Then.LEAVES:
                break
            if manner.then is Then.CANCELS:
                door.cancel(thread, heard.run_id)
                is_cancelled = True
    return heard
