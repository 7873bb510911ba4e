"""The terminal: prefixed log lines, coloured when somebody looks, and progress."""

import sys
from typing import TextIO

COLOURS = (36, 33, 35, 32, 34, 96, 93, 95)
NAME_WIDTH = 12


class Console:
    """Writes lines. A terminal that went away is no reason for the stack to stop, so it is ignored."""

    def __init__(self, *, shows_logs: bool, only_trouble: bool = False, output: TextIO | None = None) -> None:
        self._output: TextIO | None = output or sys.stdout
        self._shows_logs = shows_logs
        self._only_trouble = only_trouble
        self._coloured = (output or sys.stdout).isatty()
        self._names: list[str] = []

    def log(self, part: str, line: str, *, is_trouble: bool) -> None:
        """Show a line that a part wrote, unless such lines go to their files only."""
        if self._shows_logs and (is_trouble or not self._only_trouble):
            self.say(f"{self._prefix(part)} {line}")

    def progress(self, part: str, news: str) -> None:
        """Show what the supervisor does with a part."""
        self.say(f"{self._prefix(part)} {self._strong(news)}")

    def say(self, text: str) -> None:
        """Show text as it is."""
        if self._output is None:
            return
        try:
            print(text, file=self._output, flush=True)
        except OSError:
            self._output = None

    def _prefix(self, part: str) -> str:
        text = f"{part:<{NAME_WIDTH}} |"
        if not self._coloured:
            return text
        if part not in self._names:
            self._names.append(part)
        return f"\x1b[{COLOURS[self._names.index(part) % len(COLOURS)]}m{text}\x1b[0m"

    def _strong(self, text: str) -> str:
        return f"\x1b[1m{text}\x1b[0m" if self._coloured else text
