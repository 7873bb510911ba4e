"""Where a run leaves the vectors of its texts for the store, which asks for them in a task of its own.

The store embeds in the background, for many callers at once: no call that it made could be billed to a run.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

Vector = Sequence[float]


class VectorDesk:
    """The vectors that are handed over just now, by their texts; for all event loops of the process.

    `dimensions` is the length of the vectors that the store takes; None while it takes none.
    """

    def __init__(self) -> None:
        """Hold none."""
        self.dimensions: int | None = None
        self._vectors: dict[str, Vector] = {}
        self._holders: Counter[str] = Counter()

    @contextmanager
    def handed_over(self, text: str, vector: Vector) -> Iterator[None]:
        """Let the store find a text's vector for as long as the context lasts."""
        self._vectors[text] = vector
        self._holders[text] += 1
        try:
            yield
        finally:
            self._holders[text] -= 1
            if not self._holders[text]:
                del self._holders[text], self._vectors[text]

    def snapshot(self) -> Mapping[str, Vector]:
        """Give what is there now; a caller that gives up takes nothing away from it."""
        return dict(self._vectors)


DESK = VectorDesk()
