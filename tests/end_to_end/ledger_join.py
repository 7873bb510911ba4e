"""Joins the ledger with the provider's own journal by attempt id: no call may be missing, none made up."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import psycopg
from psycopg.rows import dict_row

from tests.end_to_end.api import eventually
from tests.running_stack import RunningStack
from tests.scripted_model import ScriptedModel, attempt_id

LEDGER = "SELECT * FROM usage_tokenusage WHERE user_id = %s ORDER BY id"
OPEN_RUNS = "SELECT count(*) AS runs FROM runs_run WHERE user_id = %s AND settled_at IS NULL"
COUNTERS = """
    SELECT coalesce(sum(tokens), 0)::bigint AS tokens, coalesce(sum(cost), 0) AS cost,
           coalesce(sum(reserved_tokens), 0)::bigint AS reserved_tokens,
           coalesce(sum(reserved_cost), 0) AS reserved_cost
    FROM usage_dailycounter WHERE user_id = %s
"""
SESSIONS = """
    SELECT coalesce(sum(total_tokens_used), 0)::bigint AS tokens, coalesce(sum(total_cost), 0) AS cost
    FROM chat_chatsession WHERE user_id = %s
"""
BY_ESTIMATE = "SELECT id FROM usage_tokenusage WHERE user_id = %s AND outcome = 'unknown'"
RUNS = "SELECT 'usage.' || id AS prefix FROM runs_run WHERE user_id = %s"
RECORDS = "SELECT prefix, key FROM store WHERE prefix = ANY(%s)"


class LedgerMismatch(AssertionError):
    """The ledger and the provider's journal tell different stories."""


@dataclass(frozen=True)
class Call:
    """A request as the provider saw it; it cannot tell whether anybody heard the end of its answer."""

    attempt: str
    status: int
    is_cut: bool
    prompt_tokens: int
    completion_tokens: int

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> "Call":
        """Read an entry of the scripted model's journal; its reply must say what it used."""
        response = entry["response"]
        is_refused = response["status"] != 200
        usage = {} if is_refused else response["fixture"]["response"]["usage"]
        return cls(
            attempt=attempt_id(dict(entry)),
            status=response["status"],
            is_cut=response.get("interrupted", False),
            prompt_tokens=usage.get("prompt_tokens", 0),
            completion_tokens=usage.get("completion_tokens", 0),
        )


@dataclass(frozen=True)
class Joined:
    """One call, on both sides."""

    call: Call
    row: Mapping[str, Any]

    @property
    def outcome(self) -> str:
        """How the ledger says that it ended."""
        return str(self.row["outcome"])


def joined(stack: RunningStack, model: ScriptedModel, *, user: str, words: str) -> list[Joined]:
    """Wait until all runs of a user are settled and join everything they were billed for with the journal.

    `words` are in each message the user sent, and in nobody else's. Raises LedgerMismatch.
    """
    _wait_for_settlement(stack, user)
    rows = _select(stack, LEDGER, user)
    lines = join(rows, [Call.of(entry) for entry in model.calls(words)])
    require_books_closed(_select(stack, COUNTERS, user)[0], _select(stack, SESSIONS, user)[0], rows)
    _require_no_record_left(stack, user)
    return lines


def wait_for_late_records(stack: RunningStack, *, user: str) -> None:
    """Wait until no call of a user is settled by the estimate of its permit alone; all must leave records."""
    _wait_for_settlement(stack, user)
    eventually(lambda: _select(stack, BY_ESTIMATE, user), lambda found: not found, within=90)


def join(rows: Sequence[Mapping[str, Any]], calls: Sequence[Call]) -> list[Joined]:
    """Join rows of the ledger with the provider's calls, in the calls' order; raises LedgerMismatch."""
    billed = Counter(str(row["id"]) for row in rows)
    made = Counter(call.attempt for call in calls)
    if billed != made:
        raise LedgerMismatch(f"billed, never made: {billed - made}; made, never billed: {made - billed}")
    by_attempt = {str(row["id"]): row for row in rows}
    lines = [Joined(call, by_attempt[call.attempt]) for call in calls]
    for line in lines:
        _require_same_story(line)
    return lines


def require_books_closed(
    counter: Mapping[str, Any], sessions: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Day counter and sessions hold the sums of the ledger and no reservation; raises LedgerMismatch."""
    used = {
        "tokens": sum(row["total_tokens"] for row in rows),
        "cost": sum((row["total_cost"] or Decimal(0) for row in rows), Decimal(0)),
    }
    day = {**used, "reserved_tokens": 0, "reserved_cost": 0}
    if dict(counter) != day or dict(sessions) != used:
        raise LedgerMismatch(f"counter {counter}, sessions {sessions}, but the ledger holds {day}")


def table(lines: Mapping[str, Sequence[Joined]]) -> str:
    """Draw what was joined, a line for each call."""
    head = ("runs", "attempt", "provider said", "ledger says", "input", "output", "estimated")
    cells = [head, *(_cells(name, line) for name, group in lines.items() for line in group)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in cells
    )


def _require_same_story(line: Joined) -> None:
    call, row = line.call, line.row
    told = (row["state"], row["is_estimated"], row["prompt_tokens"], row["completion_tokens"])
    if call.status != 200:
        agrees = told == ("settled", False, 0, 0) and line.outcome == "failed"
    elif line.outcome == "finished":
        agrees = told == ("settled", False, call.prompt_tokens, call.completion_tokens) and not call.is_cut
    else:
        agrees = told[:2] == ("settled", True) and row["prompt_tokens"] > 0
    if not agrees:
        raise LedgerMismatch(f"the provider saw {call}, the ledger says {line.outcome} and {told}")


def _wait_for_settlement(stack: RunningStack, user: str) -> None:
    # No call can begin once its run is settled, so that nothing is added to what is joined.
    eventually(lambda: _select(stack, OPEN_RUNS, user), lambda found: found[0]["runs"] == 0, within=90)


def _require_no_record_left(stack: RunningStack, user: str) -> None:
    prefixes = [run["prefix"] for run in _select(stack, RUNS, user)]
    if not prefixes:
        raise LedgerMismatch("no run was admitted")
    with psycopg.connect(stack.environment["PG_CHECKPOINT_URI"], autocommit=True) as connection:
        # A record is deleted a moment after it was booked.
        eventually(
            lambda: connection.execute(RECORDS, (prefixes,)).fetchall(), lambda left: not left, within=10
        )


def _select(stack: RunningStack, query: str, user: str) -> list[dict[str, Any]]:
    with psycopg.connect(stack.environment["DATABASE_URL"], row_factory=dict_row) as connection:
        return connection.execute(query, (user,)).fetchall()


def _cells(name: str, line: Joined) -> tuple[str, ...]:
    call, row = line.call, line.row
    said = f"{call.status}{', cut' if call.is_cut else ''}"
    figures = (row["prompt_tokens"], row["completion_tokens"], "yes" if row["is_estimated"] else "no")
    return (name, call.attempt[-12:], said, line.outcome, *map(str, figures))
