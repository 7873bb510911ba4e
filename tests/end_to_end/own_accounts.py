"""Accounts of a test's own, whose day in the books is exact."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Self

import psycopg
from langgraph_sdk import get_client
from langgraph_sdk.client import LangGraphClient
from psycopg.rows import dict_row

from tests.conftest import DEMO_PASSWORD
from tests.end_to_end.api import Api, eventually
from tests.end_to_end.hands import TokenMaker, bearer, new_account
from tests.running_stack import RunningStack

# Within this every run was seen or withdrawn, and every call of it booked.
SETTLED_SECONDS = 110

Bill = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Account:
    """A user of its own, so that the day's counter is exact."""

    id: str
    stack: RunningStack
    api: Api

    @classmethod
    def new(cls, stack: RunningStack) -> Self:
        """Make one that has nothing yet."""
        account_id = new_account(stack)
        api = Api.signed_in(stack.control_plane_url, f"{account_id}@threadplane.local", DEMO_PASSWORD)
        return cls(account_id, stack, api)

    async def connected(self, work: Callable[[LangGraphClient], Any]) -> Any:
        """Do something with an SDK client that has only the URL and the user's token."""
        headers = bearer(TokenMaker(self.stack).token(self.id))
        url = self.stack.agent_server_url
        async with get_client(url=url, api_key=None, headers=headers) as client:
            return await work(client)

    def rows(self, query: str) -> list[dict[str, Any]]:
        """Read rows of this account in the control plane's database."""
        with psycopg.connect(self.stack.environment["DATABASE_URL"], row_factory=dict_row) as connection:
            return connection.execute(query, {"user": self.id}).fetchall()

    def runs(self, session: str) -> dict[str, tuple[str, str]]:
        """Return status and error code of a session's runs, as REST shows them."""
        rows = self.api.expect(200, "GET", f"sessions/{session}/runs/")["results"]
        return {row["id"]: (row["status"], row["error_code"]) for row in rows}

    def bill(self) -> Bill:
        """Wait until every run and call of the account is settled; return the calls by attempt."""
        eventually(
            lambda: self.rows("SELECT id FROM runs_run WHERE user_id = %(user)s AND settled_at IS NULL"),
            lambda rows: rows == [],
            within=SETTLED_SECONDS,
        )
        calls = self.rows("SELECT * FROM usage_tokenusage WHERE user_id = %(user)s")
        assert {(call["state"], call["reserved_tokens"]) for call in calls} == {("settled", 0)}
        return {str(call["id"]): call for call in calls}

    def counted_messages(self, bill: Bill) -> int:
        """Return the day's messages; its tokens and money must be the bill's, with nothing reserved."""
        (counter,) = self.rows("SELECT * FROM usage_dailycounter WHERE user_id = %(user)s")
        assert (counter["reserved_tokens"], counter["reserved_cost"]) == (0, Decimal(0))
        assert counter["tokens"] == sum(call["total_tokens"] for call in bill.values())
        assert counter["cost"] == sum(call["total_cost"] for call in bill.values())
        return int(counter["messages"])
