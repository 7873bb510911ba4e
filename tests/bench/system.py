"""The systems that are compared: the same graph on the same Postgres, with the control plane and without."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import httpx
import psycopg
from psycopg.rows import dict_row

from controlplane.embedded.agent_server import RUNS_AT_ONCE
from tests.bench.processes import parts_of
from tests.bench.sides import Side, User
from tests.conftest import DEMO_EMAIL, DEMO_PASSWORD
from tests.end_to_end.accounts import Account
from tests.graphs.agent_server import AgentServer
from tests.running_stack import RunningStack
from tests.scripted_model import ScriptedModel

WORDS = "bench"
ANSWER = " ".join(f"word{number}" for number in range(60))
CONTROL_PLANE = ("django", "worker", "beat", "valkey")


@dataclass(frozen=True)
class Bench:
    """All of it, running."""

    stack: RunningStack
    bare: AgentServer
    accounts: list[Account]
    tokens: list[str]

    @classmethod
    @contextmanager
    def running(cls, folder: Path, *, users: int) -> Iterator[Self]:
        """Start everything on loopback; both servers run as many runs at once."""
        with ExitStack() as ends:
            model = ScriptedModel.start(folder / "model")
            ends.callback(model.stop)
            model.reply(WORDS, ANSWER, latency=10, chunkSize=20)
            stack = RunningStack.start(
                folder / "stack",
                OPENAI_BASE_URL=model.url,
                OPENAI_API_KEY="sk-scripted",
                DEFAULT_MODEL="gpt-4o-mini",
                DEMO_EMAIL=DEMO_EMAIL,
                DEMO_PASSWORD=DEMO_PASSWORD,
            )
            ends.callback(stack.stop)
            bare = AgentServer.start(
                folder / "bare",
                {
                    "PG_CHECKPOINT_URI": stack.environment["PG_CHECKPOINT_URI"],
                    "OPENAI_API_KEY": "sk-scripted",
                    "OPENAI_BASE_URL": model.url,
                    "LG_WEBHOOK_SECRET": "scripted",
                },
                jobs=RUNS_AT_ONCE,
            )
            ends.callback(bare.stop)
            accounts = [Account.new(stack) for _ in range(users)]
            tokens = [one.api.expect(200, "POST", "auth/agent-token/")["token"] for one in accounts]
            yield cls(stack, bare, accounts, tokens)

    def bare_side(self) -> Side:
        """The Agent Server by itself: nobody signs in, nothing is counted."""
        with httpx.Client(base_url=self.bare.url, timeout=60) as http:
            threads = [http.post("/threads", json={}).raise_for_status().json() for _ in self.accounts]
        return Side("bare", self.bare.url, [User({}, thread["thread_id"]) for thread in threads])

    def governed_side(self) -> Side:
        """The Agent Server behind admission, as a client app uses it."""
        users = [
            User({"Authorization": f"Bearer {token}"}, account.api.new_session())
            for account, token in zip(self.accounts, self.tokens, strict=True)
        ]
        return Side("governed", self.stack.agent_server_url, users)

    def rest_side(self) -> Side:
        """Through REST, which passes the stream on."""
        users = [
            User({"Authorization": one.api.http.headers["Authorization"]}, one.api.new_session())
            for one in self.accounts
        ]
        return Side("REST", self.stack.control_plane_url, users, is_rest=True)

    def pids_of_bare(self) -> dict[str, list[int]]:
        """What a turn of the bare server costs."""
        return {"agent server": [self.bare.process.pid]}

    def pids_of_governed(self) -> dict[str, list[int]]:
        """What a turn of the whole system costs."""
        pids = self.stack.pids()
        return {
            "agent server": [pids["agent-server"]],
            **{part: parts_of(pids, [part]) for part in CONTROL_PLANE},
        }

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        """Read the control plane's database."""
        with psycopg.connect(self.stack.environment["DATABASE_URL"], row_factory=dict_row) as connection:
            return connection.execute(query, values).fetchall()
