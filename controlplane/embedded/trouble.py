"""Tells the lines that a person at the terminal should see from the routine of eight talkative processes."""

import re

# How parts mark a line: structlog, also as JSON, logging and uvicorn, Postgres, Valkey, migrations.
ROUTINE = re.compile(
    r"\[(?:debug|info) *\]|\"level\": \"(?:debug|info)\"|^(?:DEBUG|INFO):|\] (?:LOG|DEBUG\d|INFO|NOTICE):  "
    r"|^\d+:[A-Z] .{24} [.*-] |^  Applying \S+\.\.\. OK"
)
TROUBLE = re.compile(
    r"\[(?:warning|error|critical) *\]|\"level\": \"(?:warning|error|critical)\"|^(?:WARNING|ERROR|CRITICAL):"
    r"|\] (?:WARNING|ERROR|FATAL|PANIC):  |^\d+:[A-Z] .{24} # |^Traceback \(most recent call last\):"
)
# In lines without a mark, what parts write before their logging is set up, or instead of it.
ALARMING = re.compile(r"error|exception|fatal|panic|traceback|warning|denied|killed", re.IGNORECASE)
# Valkey's advice for machines with much data, here it keeps a queue; and Postgres' answer to us, who
# ask whether it is ready before it is.
HARMLESS = re.compile(
    r"WARNING Memory overcommit must be enabled!|FATAL:  the database system is starting up$"
)


class TroubleFinder:
    """Reads the lines of one part in their order: a line without a mark goes with the one before it."""

    def __init__(self) -> None:
        self._in_trouble = False

    def is_trouble(self, line: str) -> bool:
        """Whether this line warns, or belongs to a warning."""
        if HARMLESS.search(line) or ROUTINE.search(line):
            self._in_trouble = False
        elif TROUBLE.search(line):
            self._in_trouble = True
        elif not self._in_trouble:
            return bool(ALARMING.search(line))
        return self._in_trouble
