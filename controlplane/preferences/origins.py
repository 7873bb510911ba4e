"""A value and the level that gave it, so that a user can see why something is as it is."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Origin(StrEnum):
    """The levels, nearest first."""

    RUN = "run"
    SESSION = "session"
    PREFERENCE = "preference"
    GROUP = "group"
    SYSTEM = "system"


@dataclass(frozen=True)
class Setting(Generic[Value]):
    """What holds, and who said so."""

    value: Value
    origin: Origin
