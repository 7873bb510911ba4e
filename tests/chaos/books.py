"""Reads all that has to agree after a storm: the ledger, its sums, the runs, the records, the journal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.chaos.system import ShakenSystem
from tests.end_to_end.ledger_join import Call

Row = Mapping[str, Any]

LEDGER = "SELECT * FROM usage_tokenusage ORDER BY id"
RUNS = "SELECT * FROM runs_run ORDER BY id"
COUNTERS = "SELECT * FROM usage_dailycounter"
KEY_COUNTERS = "SELECT * FROM provider_keys_keycounter"
SESSIONS = "SELECT id, user_id, message_count, total_tokens_used, total_cost FROM chat_chatsession"
TOOL_CALLS = "SELECT id FROM tools_toolcall WHERE outcome = 'pending'"
RECORDS = "SELECT key FROM store WHERE starts_with(prefix, 'usage.')"


@dataclass(frozen=True)
class Books:
    """What both sides wrote down, read at rest."""

    calls: Sequence[Call]
    ledger: Sequence[Row]
    runs: Sequence[Row]
    counters: Sequence[Row]
    key_counters: Sequence[Row]
    sessions: Sequence[Row]
    open_tool_calls: Sequence[Row]
    records: Sequence[Row]


def read_books(system: ShakenSystem) -> Books:
    """Read them all."""
    return Books(
        calls=[Call.of(entry) for entry in system.model.journal()],
        ledger=system.rows(LEDGER),
        runs=system.rows(RUNS),
        counters=system.rows(COUNTERS),
        key_counters=system.rows(KEY_COUNTERS),
        sessions=system.rows(SESSIONS),
        open_tool_calls=system.rows(TOOL_CALLS),
        records=system.rows(RECORDS, of="PG_CHECKPOINT_URI"),
    )
