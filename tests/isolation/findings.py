"""What a matrix found: a cell for each route and hand, and each leak in a sentence."""

from dataclasses import dataclass, field

from tests.end_to_end.answers import table


@dataclass
class Findings:
    """The matrix of one plane."""

    plane: str
    cells: dict[str, dict[str, str]] = field(default_factory=dict)
    leaks: list[str] = field(default_factory=list)

    def note(self, route: str, hand: str, answer: str) -> None:
        """Enter an answer."""
        self.cells.setdefault(route, {})[hand] = answer

    def expect(self, route: str, hand: str, answer: str, right: set[str] | frozenset[str]) -> None:
        """Enter an answer that has to be one of the right ones."""
        self.note(route, hand, answer)
        if answer not in right:
            self.leaks.append(f"{hand}: {route}: {answer} in place of {' or '.join(sorted(right))}")

    def shown(self) -> str:
        """Draw the matrix and what is wrong with it."""
        counted = sum(map(len, self.cells.values()))
        end = f"{self.plane}: {len(self.cells)} routes, {counted} answers, {len(self.leaks)} leaks"
        return "\n".join([table(self.cells), *self.leaks, end])
