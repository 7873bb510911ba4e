"""Lets hypothesis-jsonschema 0.23, which asks for `more()`, make objects with newer Hypothesis.

To be deleted with the first release of it that iterates by itself; a test says when.
"""

from collections.abc import Iterator
from types import SimpleNamespace

from hypothesis.internal.conjecture.utils import many
from hypothesis_jsonschema import _from_schema


class WalkedMany(many):
    """A collection that is walked by asking."""

    _steps: Iterator[None] | None = None

    def more(self) -> bool:
        """Tell whether another element is wanted."""
        if self._steps is None:
            self.__enter__()
            self._steps = iter(self)
        return next(self._steps, self) is None


def is_needed() -> bool:
    """Tell whether the libraries still disagree."""
    return not hasattr(many, "more")


def install() -> None:
    """Give the one library what it asks of the other."""
    _from_schema.cu = SimpleNamespace(many=WalkedMany)
