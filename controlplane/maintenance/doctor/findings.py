"""What a check says, and how all of them are gone through."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One line: `told` is what was seen, `do` what helps; nothing of either is secret."""

    level: Level
    what: str
    told: str
    do: str = ""


def ok(what: str, told: str) -> Finding:
    """All is well."""
    return Finding(level="ok", what=what, told=told)


def warn(what: str, told: str, do: str) -> Finding:
    """It works, and should be seen to."""
    return Finding(level="warn", what=what, told=told, do=do)


def fail(what: str, told: str, do: str) -> Finding:
    """Users are, or will be, without something."""
    return Finding(level="fail", what=what, told=told, do=do)


Check = Callable[[], Iterable[Finding]]


def examine(checks: Iterable[Check]) -> Iterator[Finding]:
    """Go through the checks; one that breaks is a finding itself, and the others go on."""
    for check in checks:
        try:
            yield from check()
        except Exception as error:  # noqa: BLE001  # whatever broke, the other checks go on
            # By its kind alone: messages may quote an address with its password.
            told = f"the check broke off with {type(error).__name__}"
            yield fail(check.__name__.replace("_", " "), told, "See what it looks at by hand.")
