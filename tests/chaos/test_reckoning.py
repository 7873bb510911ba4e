"""A reckoning finds each way in which books can be wrong, and nothing in books that are right."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from tests.chaos.books import Books
from tests.chaos.reckoning import reckon
from tests.end_to_end.ledger_join import Call

CALL = Call(attempt="a", status=200, is_cut=False, prompt_tokens=3, completion_tokens=2)
ROW: dict[str, Any] = {
    "id": "a",
    "user_id": "u",
    "chat_session_id": "s",
    "state": "settled",
    "outcome": "finished",
    "is_estimated": False,
    "prompt_tokens": 3,
    "completion_tokens": 2,
    "total_tokens": 5,
    "total_cost": Decimal("0.1"),
    "reserved_tokens": 0,
    "reserved_cost": Decimal(0),
}
ESTIMATE = {**ROW, "outcome": "unknown", "is_estimated": True}
REFUSED = replace(CALL, status=500, prompt_tokens=0, completion_tokens=0)
RUN: dict[str, Any] = {
    "id": "r",
    "user_id": "u",
    "session_id": "s",
    "status": "success",
    "error_code": "",
    "message_counted_on": "2026-11-23",
    "settled_at": "then",
}
COUNTER: dict[str, Any] = {
    "id": 1,
    "user_id": "u",
    "messages": 1,
    "tokens": 5,
    "cost": Decimal("0.1"),
    "reserved_tokens": 0,
    "reserved_cost": Decimal(0),
}
SESSION = {"id": "s", "message_count": 1, "total_tokens_used": 5, "total_cost": Decimal("0.1")}
BOOKS = Books(
    calls=[CALL],
    ledger=[ROW],
    runs=[RUN],
    counters=[COUNTER],
    key_counters=[{"id": 1, "reserved_tokens": 0}],
    sessions=[SESSION],
    open_tool_calls=[],
    records=[],
)


def faults_of(books: Books) -> list[str]:
    """Name the kinds of faults that are found."""
    return [name for name, found in reckon(books).by_kind.items() if found]


def changed(**changes: Any) -> Callable[[Books], Books]:
    """Change the one row of each of the named books."""
    return lambda books: replace(
        books, **{name: [{**getattr(books, name)[0], **values}] for name, values in changes.items()}
    )


@pytest.mark.parametrize(
    "books",
    [
        pytest.param(BOOKS, id="finished"),
        pytest.param(replace(BOOKS, ledger=[ESTIMATE]), id="outcome unknown"),
        pytest.param(
            replace(BOOKS, ledger=[{**ESTIMATE, "outcome": "failed"}], calls=[replace(CALL, is_cut=True)]),
            id="cut",
        ),
        pytest.param(replace(BOOKS, ledger=[{**ESTIMATE, "outcome": "cancelled"}]), id="cancelled"),
        pytest.param(replace(BOOKS, ledger=[ESTIMATE], calls=[REFUSED]), id="refused, its record lost"),
        pytest.param(replace(BOOKS, ledger=[ESTIMATE], calls=[]), id="permitted and never sent"),
        pytest.param(
            replace(BOOKS, ledger=[{**ESTIMATE, "outcome": "failed"}], calls=[]),
            id="failed before it was sent",
        ),
    ],
)
def test_books_that_agree_have_no_fault(books: Books) -> None:
    assert faults_of(books) == []


@pytest.mark.parametrize(
    ("doctor", "fault"),
    [
        pytest.param(
            lambda b: replace(b, calls=[*b.calls, replace(CALL, attempt="b")]), "missing", id="no row"
        ),
        pytest.param(lambda b: replace(b, calls=[CALL, CALL]), "twice", id="one permit, two requests"),
        pytest.param(lambda b: replace(b, calls=[]), "invented", id="finished, yet never sent"),
        pytest.param(changed(ledger={"prompt_tokens": 4}), "told_otherwise", id="other tokens"),
        pytest.param(changed(ledger={"is_estimated": True}), "told_otherwise", id="finished, yet estimated"),
        pytest.param(
            lambda b: replace(b, calls=[replace(CALL, is_cut=True)]), "told_otherwise", id="cut, yet finished"
        ),
        pytest.param(lambda b: replace(b, calls=[REFUSED]), "told_otherwise", id="refused, yet finished"),
        pytest.param(
            lambda b: replace(b, calls=[REFUSED], ledger=[{**ROW, "outcome": "failed"}]),
            "told_otherwise",
            id="refused, yet billed",
        ),
        pytest.param(changed(ledger={"outcome": "unknown"}), "told_otherwise", id="unknown, yet exact"),
        pytest.param(
            changed(ledger={"outcome": "failed", "is_estimated": True, "prompt_tokens": 0}),
            "told_otherwise",
            id="answered, yet free",
        ),
        pytest.param(changed(ledger={"state": "pending"}), "pending", id="pending"),
        pytest.param(changed(ledger={"reserved_tokens": 1}), "reserved", id="reserved on the row"),
        pytest.param(changed(counters={"reserved_tokens": 1}), "reserved", id="reserved on the day"),
        pytest.param(changed(counters={"reserved_cost": Decimal(1)}), "reserved", id="reserved money"),
        pytest.param(changed(key_counters={"reserved_tokens": 1}), "reserved", id="reserved on a key"),
        pytest.param(changed(runs={"settled_at": None}), "open_runs", id="open run"),
        pytest.param(lambda b: replace(b, open_tool_calls=[{"id": "t"}]), "open_tool_calls", id="open tool"),
        pytest.param(lambda b: replace(b, records=[{"key": "a"}]), "records_left", id="record left"),
        pytest.param(changed(counters={"tokens": 10}), "counters_off", id="booked twice on the day"),
        pytest.param(changed(counters={"cost": Decimal(0)}), "counters_off", id="other cost on the day"),
        pytest.param(lambda b: replace(b, counters=[]), "counters_off", id="no counter"),
        pytest.param(changed(sessions={"total_tokens_used": 10}), "sessions_off", id="twice on the session"),
        pytest.param(changed(sessions={"total_cost": Decimal(0)}), "sessions_off", id="session's cost"),
        pytest.param(changed(counters={"messages": 2}), "messages_off", id="message counted twice"),
        pytest.param(changed(sessions={"message_count": 0}), "messages_off", id="message not in its session"),
    ],
)
def test_each_doctored_book_is_found(doctor: Callable[[Books], Books], fault: str) -> None:
    assert fault in faults_of(doctor(BOOKS))


def test_the_counts_say_how_calls_and_runs_ended() -> None:
    lost = {**RUN, "id": "r2", "status": "interrupted", "error_code": "run_lost", "message_counted_on": None}
    books = replace(BOOKS, ledger=[ROW, {**ESTIMATE, "id": "b"}], runs=[RUN, lost])

    assert reckon(books).figures == {
        "runs": 2,
        "requests": 1,
        "rows": 2,
        "not sent": 1,
        "not sent, unknown": 1,
        "estimated": 1,
        "runs interrupted run_lost": 1,
        "runs success": 1,
        "calls finished": 1,
        "calls unknown": 1,
    }
