"""What one part writes: to its log file, bounded in size, and to the terminal."""

from collections import deque
from pathlib import Path

from controlplane.embedded.console import Console
from controlplane.embedded.trouble import TroubleFinder

MOST_BYTES = 5_000_000
REMEMBERED_LINES = 30
LONGEST_LINE = 16_384


class PartLog:
    """The log of one part. At five megabytes the file becomes `NAME.log.1` and a new one begins."""

    def __init__(self, part: str, folder: Path, console: Console, *, most_bytes: int = MOST_BYTES) -> None:
        self._part = part
        self._path = folder / f"{part}.log"
        self._console = console
        self._most_bytes = most_bytes
        self._finder = TroubleFinder()
        self._file = self._path.open("ab")
        self._rest = b""
        self._last: deque[str] = deque(maxlen=REMEMBERED_LINES)

    @property
    def last_lines(self) -> tuple[str, ...]:
        """The newest lines, oldest first."""
        return tuple(self._last)

    def feed(self, data: bytes) -> None:
        """Take output as it comes; lines are shown when they are complete or too long to wait for."""
        *lines, rest = (self._rest + data).split(b"\n")
        if len(rest) > LONGEST_LINE:
            lines, rest = [*lines, rest], b""
        self._rest = rest
        for line in lines:
            self._write(line)

    def note(self, news: str) -> None:
        """Write down what the supervisor does with the part, and show it."""
        self._append(f"--- {news}\n".encode())
        self._console.progress(self._part, news)

    def close(self) -> None:
        """Write what is left and close the file."""
        if self._rest:
            self._write(self._rest)
            self._rest = b""
        self._file.close()

    def _write(self, line: bytes) -> None:
        self._append(line + b"\n")
        text = line.decode(errors="replace").rstrip("\r")
        self._last.append(text)
        self._console.log(self._part, text, is_trouble=self._finder.is_trouble(text))

    def _append(self, data: bytes) -> None:
        self._file.write(data)
        self._file.flush()
        if self._file.tell() > self._most_bytes:
            self._file.close()
            self._path.replace(self._path.with_suffix(".log.1"))
            self._file = self._path.open("ab")
