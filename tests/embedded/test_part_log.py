"""What parts write: whole lines, prefixed, and never more than the disk is worth."""

import io
from pathlib import Path

from controlplane.embedded.console import Console
from controlplane.embedded.part_log import LONGEST_LINE, PartLog


def new_log(folder: Path, *, shows_logs: bool = True, most_bytes: int = 1000) -> tuple[PartLog, io.StringIO]:
    """Return the log of a part called `engine`, and what the terminal shows."""
    shown = io.StringIO()
    return PartLog(
        "engine", folder, Console(shows_logs=shows_logs, output=shown), most_bytes=most_bytes
    ), shown


def test_line_is_shown_when_it_is_complete(tmp_path: Path) -> None:
    log, shown = new_log(tmp_path)
    log.feed(b"half")
    assert shown.getvalue() == ""
    log.feed(b" a line\nand ")
    assert shown.getvalue() == "engine       | half a line\n"
    log.close()
    assert shown.getvalue().splitlines()[1] == "engine       | and "
    assert (tmp_path / "engine.log").read_text() == "half a line\nand \n"


def test_quiet_console_shows_progress_only(tmp_path: Path) -> None:
    log, shown = new_log(tmp_path, shows_logs=False)
    log.feed(b"chatter\n")
    log.note("ready")
    log.close()
    assert shown.getvalue() == "engine       | ready\n"
    assert (tmp_path / "engine.log").read_text() == "chatter\n--- ready\n"
    assert log.last_lines == ("chatter",)


def test_console_for_a_person_shows_trouble_only(tmp_path: Path) -> None:
    shown = io.StringIO()
    log = PartLog("engine", tmp_path, Console(shows_logs=True, only_trouble=True, output=shown))
    log.feed(b"INFO: humming\nERROR: on fire\n")
    log.close()
    assert shown.getvalue() == "engine       | ERROR: on fire\n"
    assert (tmp_path / "engine.log").read_text() == "INFO: humming\nERROR: on fire\n"


def test_file_is_bounded(tmp_path: Path) -> None:
    log, _ = new_log(tmp_path, most_bytes=100)
    for number in range(100):
        log.feed(f"line {number}\n".encode())
    log.close()
    files = sorted(tmp_path.iterdir())
    assert [path.name for path in files] == ["engine.log", "engine.log.1"]
    assert all(path.stat().st_size < 120 for path in files)
    assert "line 99" in "".join(path.read_text() for path in files)


def test_endless_line_is_cut_and_bad_bytes_are_shown(tmp_path: Path) -> None:
    log, shown = new_log(tmp_path, most_bytes=10**6)
    log.feed(b"x" * (LONGEST_LINE + 1))
    log.feed(b"\xff\n")
    log.close()
    assert [len(line) for line in shown.getvalue().splitlines()] == [15 + LONGEST_LINE + 1, 16]


class _Gone(io.StringIO):
    def write(self, _: str) -> int:
        raise BrokenPipeError


def test_lost_terminal_is_no_error(tmp_path: Path) -> None:
    log = PartLog("engine", tmp_path, Console(shows_logs=True, output=_Gone()))
    log.feed(b"one\ntwo\n")
    log.close()
    assert (tmp_path / "engine.log").read_text() == "one\ntwo\n"
