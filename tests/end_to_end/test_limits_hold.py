"""Limits hold when two client processes reach for the last of them at once, whichever limit it is."""

import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx
import psycopg
import pytest
from psycopg import sql
from uuid_utils.compat import uuid7

from tests.end_to_end.accounts import Account
from tests.end_to_end.api import eventually
from tests.end_to_end.crowd import Outcome, at_once
from tests.end_to_end.tool_turns import RESULT, Said, script_tool_turn
from tests.running_stack import RunningStack
from tests.scripted_model import ScriptedModel

RUNS = 50
CALLS_PER_RUN = 3
MODEL = "gpt-4o-mini"
PROMPT, ANSWER = 1000, 1000
TOKENS = PROMPT + ANSWER
# gpt-4o-mini: $0.15 and $0.60 for a million tokens.
COST = Decimal("0.00075")
KEY = {"provider": "openai", "key_name": "Mine", "api_key": "sk-own-0123456789abcdef"}


@dataclass(frozen=True)
class Limited:
    """An account with one limit, and the ways to look at what came of it."""

    account: Account
    stack: RunningStack

    def execute(self, query: str | sql.Composed, *values: object) -> list[tuple[Any, ...]]:
        """Ask the control plane's database."""
        with psycopg.connect(self.stack.environment["DATABASE_URL"]) as connection:
            cursor = connection.execute(query, values)
            return cursor.fetchall() if cursor.description else []

    def set_own(self, column: str, value: object) -> None:
        """Give the user a limit of their own."""
        query = sql.SQL("UPDATE preferences_userpreference SET {} = %s WHERE user_id = %s")
        self.execute(query.format(sql.Identifier(column)), value, self.account.id)

    def set_by_group(self, column: str, value: object) -> None:
        """Put the user into a group that has the limit."""
        name = f"limited-{uuid.uuid4()}"
        ((group,),) = self.execute("INSERT INTO auth_group (name) VALUES (%s) RETURNING id", name)
        insert = sql.SQL("INSERT INTO preferences_grouplimits (group_id, {}) VALUES (%s, %s)")
        self.execute(insert.format(sql.Identifier(column)), group, value)
        self.execute(
            "INSERT INTO accounts_customuser_groups (customuser_id, group_id) VALUES (%s, %s)",
            self.account.id,
            group,
        )

    def set_on_key(self, field: str, value: object) -> None:
        """Give the user a key of their own that has the limit."""
        self.account.api.expect(201, "POST", "provider-keys/", json={**KEY, field: value})

    def counted(self, table: str, figure: str) -> list[Any]:
        """Read a figure of each of the user's counters in a table."""
        query = sql.SQL("SELECT {} FROM {} WHERE user_id = %s")
        rows = self.execute(query.format(sql.SQL(figure), sql.Identifier(table)), self.account.id)
        return [value for (value,) in rows]


@pytest.fixture
def limited(stack: RunningStack) -> Limited:
    return Limited(Account.new(stack), stack)


# Which limit it is, and how it is set.
MESSAGES: dict[str, Callable[[Limited], None]] = {
    "daily": lambda user: user.set_own("daily_message_limit", 1),
    "monthly": lambda user: user.set_own("monthly_message_limit", 1),
    "daily-of-group": lambda user: user.set_by_group("daily_message_limit", 1),
    "monthly-of-group": lambda user: user.set_by_group("monthly_message_limit", 1),
}
CALLS: dict[str, tuple[str, Callable[[Limited], None]]] = {
    "daily-tokens": ("daily_tokens", lambda user: user.set_own("daily_token_limit", TOKENS)),
    "daily-cost": ("daily_cost", lambda user: user.set_own("daily_cost_limit", COST)),
    "monthly-tokens": ("monthly_tokens", lambda user: user.set_own("monthly_token_limit", TOKENS)),
    "monthly-cost": ("monthly_cost", lambda user: user.set_own("monthly_cost_limit", COST)),
    "daily-tokens-of-group": ("daily_tokens", lambda user: user.set_by_group("daily_token_limit", TOKENS)),
    "monthly-cost-of-group": ("monthly_cost", lambda user: user.set_by_group("monthly_cost_limit", COST)),
    "key-daily": ("key_daily_tokens", lambda user: user.set_on_key("daily_limit", TOKENS)),
    "key-monthly": ("key_monthly_tokens", lambda user: user.set_on_key("monthly_limit", TOKENS)),
}


@pytest.mark.parametrize("kind", MESSAGES)
def test_last_message_is_sent_once(kind: str, limited: Limited, scripted_model: ScriptedModel) -> None:
    word = f"last-{uuid.uuid4()}"
    scripted_model.reply(word, "The one answer.")
    api = limited.account.api
    sessions = [api.new_session() for _ in range(RUNS // 2)]
    access = api.expect(200, "POST", "auth/agent-token/")
    MESSAGES[kind](limited)

    outcomes = at_once(
        [
            {
                "kind": "rest",
                "url": str(api.http.base_url),
                "token": api.http.headers["Authorization"].removeprefix("Bearer "),
                "sessions": sessions,
                "text": f"Hello {word}",
            },
            {
                "kind": "sdk",
                "url": access["agent_url"],
                "token": access["token"],
                "count": RUNS - len(sessions),
                "text": f"Hello {word}",
            },
        ]
    )

    which = "daily_messages" if kind.startswith("daily") else "monthly_messages"
    assert _summed(outcomes) == {(200, None): 1, (429, which): RUNS - 1}
    assert len(scripted_model.calls(word)) == 1
    assert limited.counted("usage_dailycounter", "messages") == [1]
    assert limited.counted("usage_monthlycounter", "messages") == [1]


@pytest.mark.parametrize("kind", CALLS)
def test_last_call_is_permitted_once(kind: str, limited: Limited) -> None:
    which, set_limit = CALLS[kind]
    set_limit(limited)
    runs = _admitted_runs(limited)
    calls = [
        {"run_id": run, "body": _call()}
        # Each run's second call comes after every run's first.
        for _ in range(CALLS_PER_RUN)
        for run in runs
    ]
    job = {
        "kind": "calls",
        "url": limited.stack.control_plane_url,
        "secret": limited.stack.environment["CONTROL_PLANE_SECRET"],
    }

    outcomes = at_once([{**job, "calls": calls[::2]}, {**job, "calls": calls[1::2]}])

    assert _summed(outcomes) == {(201, None): 1, (429, which): RUNS * CALLS_PER_RUN - 1}
    assert limited.counted("usage_tokenusage", "state") == ["pending"]
    assert limited.counted("usage_dailycounter", "tokens + reserved_tokens") == [TOKENS]
    assert limited.counted("usage_monthlycounter", "tokens + reserved_tokens") == [TOKENS]
    reserved_cost = Decimal(0) if kind.startswith("key") else COST
    assert limited.counted("usage_dailycounter", "reserved_cost") == [reserved_cost]
    assert limited.counted("usage_monthlycounter", "reserved_cost") == [reserved_cost]


def test_limit_that_is_reached_in_mid_run_keeps_what_was_said(
    limited: Limited, scripted_model: ScriptedModel
) -> None:
    word = f"midway-{uuid.uuid4()}"
    script_tool_turn(scripted_model, word, Said("I shall compute it."), Said("It is 42."))
    # Room for one call's prompt and 600 tokens of answer, and not for a second one's.
    limited.set_own("daily_token_limit", 1000)
    limited.set_own("default_max_tokens", 600)
    session = limited.account.api.new_session()

    events = list(limited.account.api.stream(session, f"Compute {word}"))

    (error,) = [event.data for event in events if event.name == "error"]
    assert (error["code"], error["retryable"]) == ("limit_reached", False)
    assert (error["details"]["which"], error["details"]["limit"]) == ("daily_tokens", 1000)
    assert set(error["details"]) == {"which", "limit", "used", "remaining", "resets_at"}
    assert events[-1].data["status"] == "error"
    said = [(message["role"], message["content"]) for message in limited.account.api.history(session)]
    assert said == [("human", f"Compute {word}"), ("ai", "I shall compute it."), ("tool", RESULT)]
    assert len(scripted_model.calls(word)) == 1
    eventually(
        lambda: limited.counted("usage_dailycounter", "(tokens, reserved_tokens)::text"),
        lambda counted: counted == ["(2,0)"],
        within=60,
    )


def _admitted_runs(limited: Limited) -> list[str]:
    secret = {"X-Threadplane-Secret": limited.stack.environment["CONTROL_PLANE_SECRET"]}
    admitted = []
    with httpx.Client(base_url=limited.stack.control_plane_url, headers=secret, timeout=30) as http:
        for _ in range(RUNS):
            run = str(uuid.uuid4())
            body = {
                "run_id": run,
                "thread_id": str(uuid.uuid4()),
                "graph_id": "agent",
                "user_id": limited.account.id,
                "role": "user",
                "is_resume": False,
                "if_not_exists": "create",
                "requested": {},
            }
            answer = http.post("/internal/runs/admit/", json=body)
            assert answer.status_code == 200, answer.text
            admitted.append(run)
    return admitted


def _call() -> dict[str, Any]:
    return {
        "attempt_id": str(uuid7()),
        "model": MODEL,
        "node": "call_model",
        "request_type": "chat",
        "estimated_prompt_tokens": PROMPT,
        "max_output_tokens": ANSWER,
    }


def _summed(outcomes: list[Outcome]) -> dict[tuple[int, str | None], int]:
    """Count the answers by status and limit; a refusal of another kind by its code."""
    errors = [(outcome["status"], outcome["error"] or {}) for outcome in outcomes]
    told = [(status, error.get("details", {}).get("which", error.get("code"))) for status, error in errors]
    return dict(Counter(told))
