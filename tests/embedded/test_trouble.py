"""Which lines of the parts a person at the terminal sees; the lines are as the parts write them."""

import pytest

from controlplane.embedded.trouble import TroubleFinder

ROUTINE = [
    "2026-11-22T18:52:56.391537Z [info     ] Application started [langgraph_api.timing.timer] errors=0",
    '{"event": "request_finished", "level": "info", "code": 200}',
    "INFO:     Application startup complete.",
    "2026-11-22 18:52:52.219 UTC [19406] LOG:  database system is ready to accept connections",
    "19174:M 22 Nov 2026 18:52:45.612 * Ready to accept connections tcp",
    "19174:M 22 Nov 2026 18:52:45.559 # WARNING Memory overcommit must be enabled! Without it, …",
    "2026-11-23 22:39:36.144 UTC [27850] FATAL:  the database system is starting up",
    "  Applying auth.0007_alter_validators_add_error_messages... OK",
    "",
]
TROUBLE = [
    "2026-11-22T18:54:18.949004Z [error    ] request_failed [django_structlog.middlewares.request]",
    "2026-11-22T18:54:18.949004Z [warning  ] request_finished code=404",
    '{"event": "request_failed", "level": "error"}',
    "ERROR:    [Errno 98] error while attempting to bind on address",
    "2026-11-22 18:54:18.966 UTC [20464] ERROR:  bigint out of range",
    "2026-11-22 18:54:18.966 UTC [20464] FATAL:  the database system is shutting down",
    "19174:M 22 Nov 2026 18:52:45.559 # Can't save in background: fork: Cannot allocate memory",
    "Traceback (most recent call last):",
    "Error: Invalid value for '--config': Path 'langgraph.json' does not exist.",
    "Fatal Python error: Segmentation fault",
]


@pytest.mark.parametrize("line", ROUTINE)
def test_routine_stays_in_the_file(line: str) -> None:
    assert not TroubleFinder().is_trouble(line)


@pytest.mark.parametrize("line", TROUBLE)
def test_trouble_is_shown(line: str) -> None:
    assert TroubleFinder().is_trouble(line)


def test_trace_is_shown_whole_and_ends_with_the_next_routine_line() -> None:
    finder = TroubleFinder()
    lines = [ROUTINE[0], "a line of a banner", TROUBLE[0], TROUBLE[7], '  File "x.py"', ROUTINE[0], ""]
    assert [finder.is_trouble(line) for line in lines] == [False, False, True, True, True, False, False]
