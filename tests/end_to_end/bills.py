"""Compares the ledger with the scripted model's own journal: call by call, and to the last reservation."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import psycopg
from psycopg.rows import dict_row

from tests.end_to_end.api import eventually
from tests.scripted_model import ScriptedModel, attempt_id

# A sweep comes every 15 s, and waits 15 s for records that may still be on their way.
SWEPT = 60.0
CALLS = """
    select id::text, run_id::text, state, outcome, prompt_tokens as prompt, completion_tokens as completion,
           is_estimated, reserved_tokens as reserved
    from usage_tokenusage order by id
"""
RUNS = "select id::text, status, error_code, ended_at, settled_at from runs_run where id = %s"
# Without the status: a sweep that comes by sees that a run is running.
ENDS = "select id, user_id, session_id, error_code, ended_at, settled_at from runs_run order by id"
COUNTERS = """
    select sum(tokens) as tokens, sum(reserved_tokens) as reserved_tokens, sum(cost) as cost,
           sum(reserved_cost) as reserved_cost, sum(messages) as messages
    from usage_dailycounter
"""
SPENT = "select sum(total_tokens) as tokens, sum(total_cost) as cost from usage_tokenusage"
RECORDS = "select key, value from store where prefix = %s order by key"


@dataclass(frozen=True)
class Bills:
    """The control plane's ledger, the records that wait on the Agent Server, and the model's journal."""

    settings: Mapping[str, str]
    model: ScriptedModel
    # Attempts that were permitted while the answer was lost: no request belongs to them.
    never_sent: set[str] = field(default_factory=set)

    def calls(self, run_id: str) -> list[dict[str, Any]]:
        """Return the ledger's rows of a run, oldest first."""
        return [row for row in self._ledger(CALLS) if row["run_id"] == run_id]

    def run(self, run_id: str) -> dict[str, Any]:
        """Return a run as the control plane mirrors it."""
        (run,) = self._ledger(RUNS, run_id)
        return run

    def records(self, run_id: str) -> dict[str, dict[str, Any]]:
        """Return what waits in the store to be booked for a run, by attempt id."""
        with psycopg.connect(self.settings["PG_CHECKPOINT_URI"], row_factory=dict_row) as connection:
            rows = connection.execute(RECORDS, (f"usage.{run_id}",)).fetchall()
        return {row["key"]: row["value"] for row in rows}

    def settled(self, run_id: str, *, within: float = SWEPT) -> list[dict[str, Any]]:
        """Wait until a run is settled for good, and return its rows."""
        eventually(lambda: self.run(run_id), lambda run: run["settled_at"] is not None, within=within)
        return self.calls(run_id)

    def standing(self) -> str:
        """Describe all calls, counters and ends of runs, to be compared with a later look."""
        rows = [self._ledger(query) for query in (CALLS, COUNTERS, ENDS)]
        return json.dumps(rows, default=str, indent=1)

    def balance(self) -> None:
        """Fail unless each request there ever was is booked, once, and nothing is set aside any more."""
        calls = self._ledger(CALLS)
        requests = [attempt_id(entry) for entry in self.model.journal()]
        assert [call["id"] for call in calls] == sorted([*requests, *self.never_sent])
        assert [call for call in calls if call["state"] != "settled" or call["reserved"]] == []
        (counter,), (spent,) = self._ledger(COUNTERS), self._ledger(SPENT)
        assert (counter["reserved_tokens"], counter["reserved_cost"]) == (0, Decimal(0))
        assert (counter["tokens"], counter["cost"]) == (spent["tokens"], spent["cost"])

    def _ledger(self, query: str, *values: object) -> list[dict[str, Any]]:
        with psycopg.connect(self.settings["DATABASE_URL"], row_factory=dict_row) as connection:
            return connection.execute(query, values).fetchall()


def exactly(*figures: tuple[int, int]) -> list[tuple[Any, ...]]:
    """Describe finished calls that are billed by the provider's own counts of prompt and answer."""
    return [("finished", *figure, False) for figure in figures]


def in_short(calls: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Say of each call how it ended, what is billed, and whether that is an estimate."""
    return [(call["outcome"], call["prompt"], call["completion"], call["is_estimated"]) for call in calls]
