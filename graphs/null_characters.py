"""Finds the one character that JSON may hold and Postgres keeps in no text."""

from collections.abc import Mapping


def holds_null(value: object) -> bool:
    """Whether a null character is anywhere in a value as JSON has them, however deep it is."""
    waiting = [value]
    while waiting:
        entry = waiting.pop()
        if isinstance(entry, str) and "\x00" in entry:
            return True
        if isinstance(entry, Mapping):
            waiting += [*entry.keys(), *entry.values()]
        elif isinstance(entry, list | tuple):
            waiting += entry
    return False
