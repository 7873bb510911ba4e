"""Turns whose tools ask for leave, on the shared stack: what waits, what was said of it, and what ran."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from langgraph_sdk import get_sync_client
from langgraph_sdk.client import SyncLangGraphClient
from psycopg.rows import dict_row

from tests.end_to_end.api import Api, eventually
from tests.end_to_end.hands import bearer
from tests.running_stack import RunningStack
from tests.scripted_model import ScriptedModel

NEEDS_LEAVE = "UPDATE tools_availabletool SET requires_approval = %s WHERE tool_name = 'calculator'"
THEN = "Done."


def call(call_id: str, expression: str | None) -> dict[str, Any]:
    """A call of the calculator, which asks, or without an expression of the clock, which does not."""
    if expression is None:
        return {"id": call_id, "name": "current_time", "arguments": {}}
    return {"id": call_id, "name": "calculator", "arguments": {"expression": expression}}


@contextmanager
def calculator_asks(stack: RunningStack) -> Iterator[None]:
    """Let the calculator ask before each call; no longer afterwards."""
    with psycopg.connect(stack.environment["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(NEEDS_LEAVE, [True])
        yield
        connection.execute(NEEDS_LEAVE, [False])


@dataclass(frozen=True)
class AskedUser:
    """A user whose model wants to compute, over REST and with the SDK."""

    api: Api
    model: ScriptedModel
    stack: RunningStack

    def ask(self, *calls: dict[str, Any]) -> str:
        """Let the model make these calls, or one; give the session once it waits."""
        word, session = f"leave-{uuid.uuid4()}", self.api.new_session()
        wanted = list(calls or [call("c1", "6 * 7")])
        self.model.script(
            {"match": {"userMessage": word, "hasToolResult": False}, "response": {"toolCalls": wanted}},
            {"match": {"userMessage": word, "hasToolResult": True}, "response": {"content": THEN}},
        )
        assert len(self.api.say(session, f"Compute {word}")["interrupts"]) == 1
        return session

    def approvals(self, session: str) -> list[dict[str, Any]]:
        """What was asked in a session, in the order of the calls."""
        shown: list[dict[str, Any]] = self.api.expect(200, "GET", f"approvals/?session_id={session}")[
            "results"
        ]
        order = {row["id"]: row["position"] for row in self.rows(session, "approvals_toolapproval")}
        return sorted(shown, key=lambda one: order[uuid.UUID(one["id"])])

    def decide(self, approval: dict[str, Any], decision: str, **more: Any) -> dict[str, Any]:
        """Decide over REST."""
        body = {"decision": decision, **more}
        answer: dict[str, Any] = self.api.expect(
            202, "POST", f"approvals/{approval['id']}/decide/", json=body
        )
        return answer

    def results(self, session: str) -> list[str]:
        """Wait for the answer and give what the tools said."""
        history = eventually(
            lambda: self.api.history(session), lambda seen: seen[-1]["content"] == THEN, within=30
        )
        return [message["content"] for message in history if message["role"] == "tool"]

    def ran(self, session: str) -> list[str]:
        """How the calls ended that the control plane was asked for."""
        return sorted(row["outcome"] for row in self.rows(session, "tools_toolcall"))

    def runs(self, session: str) -> int:
        """How many runs were let in."""
        return len(self.rows(session, "runs_run"))

    def rows(self, session: str, table: str) -> list[dict[str, Any]]:
        """Read the rows of a session in a table of the control plane."""
        with psycopg.connect(self.stack.environment["DATABASE_URL"], row_factory=dict_row) as connection:
            query = f"SELECT * FROM {table} WHERE session_id = %s"  # noqa: S608  # names of this module's
            return connection.execute(query, [session]).fetchall()  # type: ignore[arg-type]  # as above

    def let_pass(self, session: str, days: float) -> None:
        """Let time pass for what waits in a session."""
        names = ("created_at", "expires_at", "decided_at", "resume_claimed_at")
        moved = ", ".join(f"{name} = {name} - %(days)s * interval '1 day'" for name in names)
        with psycopg.connect(self.stack.environment["DATABASE_URL"]) as connection:
            query = f"UPDATE approvals_toolapproval SET {moved} WHERE session_id = %(session)s"  # noqa: S608
            connection.execute(query, {"days": days, "session": session})  # type: ignore[arg-type]

    @contextmanager
    def sdk(self) -> Iterator[SyncLangGraphClient]:
        """An SDK client that has what REST tells, and no more."""
        access = self.api.expect(200, "POST", "auth/agent-token/")
        client = get_sync_client(url=access["agent_url"], api_key=None, headers=bearer(access["token"]))
        with client:
            yield client
