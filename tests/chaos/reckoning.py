"""Says how the ledger and the provider's journal differ, and what is left over; all of it should be empty.

They are equal when each request in the journal has one row under its attempt id that tells the same story,
and each row without a request says that it got no answer: `unknown`, `failed` or `cancelled`, not `finished`.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from tests.chaos.books import Books, Row
from tests.end_to_end.ledger_join import Call

UNANSWERED = {"unknown", "failed", "cancelled"}


@dataclass(frozen=True)
class Reckoning:
    """Faults by kind, each with the ids it was seen on."""

    missing: list[str]
    twice: list[str]
    invented: list[str]
    told_otherwise: list[str]
    pending: list[str]
    reserved: list[str]
    open_runs: list[str]
    open_tool_calls: list[str]
    records_left: list[str]
    counters_off: list[str]
    sessions_off: list[str]
    messages_off: list[str]
    figures: dict[str, int]

    @property
    def by_kind(self) -> dict[str, list[str]]:
        """What must be empty, by name."""
        return {name: found for name, found in asdict(self).items() if name != "figures"}


def reckon(books: Books) -> Reckoning:
    """Compare everything with everything."""
    rows = {str(row["id"]): row for row in books.ledger}
    made = Counter(call.attempt for call in books.calls)
    uncalled = [row for attempt, row in rows.items() if attempt not in made]
    joined = [(call, rows[call.attempt]) for call in books.calls if call.attempt in rows]
    return Reckoning(
        missing=sorted(made.keys() - rows.keys()),
        twice=sorted(attempt for attempt, count in made.items() if count > 1),
        invented=[str(row["id"]) for row in uncalled if row["outcome"] not in UNANSWERED],
        told_otherwise=[f"{call}: {_told(row)}" for call, row in joined if not _agree(call, row)],
        pending=_ids(row for row in books.ledger if row["state"] != "settled"),
        reserved=_ids(row for row in (*books.ledger, *books.counters, *books.key_counters) if _reserves(row)),
        open_runs=_ids(run for run in books.runs if run["settled_at"] is None),
        open_tool_calls=_ids(books.open_tool_calls),
        records_left=[row["key"] for row in books.records],
        counters_off=_counters_off(books),
        sessions_off=_sessions_off(books),
        messages_off=_messages_off(books),
        figures=_figures(books, uncalled),
    )


def _agree(call: Call, row: Row) -> bool:
    told = (row["is_estimated"], row["prompt_tokens"], row["completion_tokens"])
    if row["outcome"] == "finished":
        figures = (False, call.prompt_tokens, call.completion_tokens)
        return call.status == 200 and not call.is_cut and told == figures
    if row["outcome"] == "failed" and call.status != 200:
        return told == (False, 0, 0)
    # Nobody knows what was used: the permit's worst case, or what was heard until then.
    return row["outcome"] in UNANSWERED and row["is_estimated"] and row["prompt_tokens"] > 0


def _reserves(row: Row) -> bool:
    return bool(row["reserved_tokens"] or row.get("reserved_cost"))


def _counters_off(books: Books) -> list[str]:
    """Compare what each user's days hold with the sums of their rows."""
    billed = _sums(books.ledger, by="user_id")
    counted: defaultdict[Any, list[Any]] = defaultdict(lambda: [0, Decimal(0)])
    for row in books.counters:
        counted[row["user_id"]][0] += row["tokens"]
        counted[row["user_id"]][1] += row["cost"]
    return [
        f"{user}: counted {counted[user]}, billed {billed[user]}"
        for user in {*billed, *counted}
        if counted[user] != billed[user]
    ]


def _sessions_off(books: Books) -> list[str]:
    billed = _sums(books.ledger, by="chat_session_id")
    return [
        f"{row['id']}: holds {held}, billed {billed[row['id']]}"
        for row in books.sessions
        if (held := [row["total_tokens_used"], row["total_cost"]]) != billed[row["id"]]
    ]


def _messages_off(books: Books) -> list[str]:
    """Compare the messages that days and sessions count with the runs that were counted."""
    by_user = Counter(run["user_id"] for run in books.runs if run["message_counted_on"])
    by_session = Counter(run["session_id"] for run in books.runs if run["message_counted_on"])
    of_days: Counter[Any] = Counter()
    for row in books.counters:
        of_days[row["user_id"]] += row["messages"]
    return [
        *(f"{user}: {of_days[user]} for {by_user[user]} runs" for user in {*by_user, *of_days}
          if of_days[user] != by_user[user]),
        *(f"{row['id']}: {row['message_count']} for {by_session[row['id']]} runs" for row in books.sessions
          if row["message_count"] != by_session[row["id"]]),
    ]  # fmt: skip


def _sums(rows: Iterable[Row], *, by: str) -> defaultdict[Any, list[Any]]:
    sums: defaultdict[Any, list[Any]] = defaultdict(lambda: [0, Decimal(0)])
    for row in rows:
        sums[row[by]][0] += row["total_tokens"]
        sums[row[by]][1] += row["total_cost"] or Decimal(0)
    return sums


def _figures(books: Books, uncalled: list[Row]) -> dict[str, int]:
    return {
        "runs": len(books.runs),
        "requests": len(books.calls),
        "rows": len(books.ledger),
        "not sent": len(uncalled),
        **{f"not sent, {o}": n for o, n in sorted(Counter(row["outcome"] for row in uncalled).items())},
        "estimated": sum(row["is_estimated"] for row in books.ledger),
        **{f"runs {status}": n for status, n in sorted(Counter(map(_ending, books.runs)).items())},
        **{f"calls {o}": n for o, n in sorted(Counter(row["outcome"] for row in books.ledger).items())},
    }


def _ending(run: Row) -> str:
    return " ".join(filter(None, (run["status"], run["error_code"])))


def _told(row: Row) -> str:
    return f"{row['outcome']}, {row['prompt_tokens']} + {row['completion_tokens']}, {row['is_estimated']}"


def _ids(rows: Iterable[Row]) -> list[str]:
    return [str(row["id"]) for row in rows]
