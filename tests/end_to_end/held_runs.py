"""Conversations whose runs are held at exact points, on a system whose two planes talk through proxies."""

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import psycopg
from psycopg.rows import dict_row

from tests.conftest import DEMO_PASSWORD
from tests.end_to_end.api import Api, ServerEvent, eventually
from tests.end_to_end.hands import new_account
from tests.end_to_end.holding_proxy import Exchange, Gate, HoldingProxy
from tests.running_stack import RunningStack
from tests.scripted_model import ScriptedModel

# What there is of a held run's call: rows that wait for settlement, and records that wait for being booked.
POINTS = {
    "before the permit": (0, 0),
    "before the first token": (1, 0),
    "in mid-stream": (1, 0),
    "before the record": (1, 0),
    "before settlement": (1, 1),
}
# Those who are in the middle of a settlement when they are killed; for the others its webhook is held.
WORKED_ON_BY = ("worker", "postgres")
EVERY_LINE = f" line {uuid.uuid4()} of "
ANSWER, ANSWER_TOKENS = "Word after word after word. " * 10, (10, 20)
REACHED_SECONDS = 15.0
# The first one of an answer says only whose turn it is.
EVENTS_WITH_A_TOKEN = 3


@dataclass
class Conversation:
    """One user with one session, whose id ends all that they say: so the model's journal names it."""

    user: str
    session: str
    api: Api
    heard: list[ServerEvent] = field(default_factory=list)
    checkpointed: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def begin(cls, stack: RunningStack, url: str) -> "Conversation":
        """Make an account and a session with a finished turn."""
        user = new_account(stack)
        api = Api.signed_in(url, f"{user}@threadplane.local", DEMO_PASSWORD)
        conversation = cls(user, api.new_session("Killed"), api)
        api.say(conversation.session, conversation.line("first"))
        api.settled_usage(session=conversation.session)
        return conversation

    def line(self, what: str) -> str:
        """Return something to say."""
        return f"{what}{EVERY_LINE}{self.session}"

    def start_held_turn(self) -> None:
        """Say something that the test holds, and listen as long as there is something to hear."""
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        # Whatever cuts the stream is what the test does on purpose.
        with suppress(httpx.HTTPError):
            for event in self.api.stream(self.session, self.line("held")):
                self.heard.append(event)

    def has_heard(self, *events: str) -> bool:
        """Whether one of these events has come."""
        return any(one.name in events for one in self.heard)

    def note_checkpoints(self) -> None:
        """Keep what the session shows at this moment."""
        self.checkpointed = self.api.history(self.session)


@dataclass
class HeldStack:
    """The whole system, with a proxy before the control plane and one before the model."""

    stack: RunningStack
    model: ScriptedModel
    url: str
    control_plane: HoldingProxy
    provider: HoldingProxy
    folder: Path

    def rows(self, query: str, *values: object, of: str = "DATABASE_URL") -> list[dict[str, Any]]:
        """Read from one of the databases."""
        with psycopg.connect(self.stack.environment[of], row_factory=dict_row) as connection:
            return connection.execute(query, values).fetchall()

    def begin(self, *points: str) -> dict[str, Conversation]:
        """Begin a conversation for each point."""
        with ThreadPoolExecutor(len(points)) as pool:
            begun = pool.map(lambda _: Conversation.begin(self.stack, self.url), points)
            return dict(zip(points, begun, strict=True))

    def run_of(self, session: str) -> str:
        """Return the session's newest run, as it was admitted."""
        admissions = [one.body for one in self.control_plane.seen if one.path.endswith("/runs/admit/")]
        return next(body["run_id"] for body in reversed(admissions) if body["thread_id"] == session)

    def asks_for_permit(self, session: str, one: Exchange) -> bool:
        """Whether it asks for leave for a call of the session's newest run."""
        return one.path.endswith("/calls/") and self.run_of(session) in one.path

    @contextmanager
    def store_closed(self) -> Iterator[None]:
        """Let nobody write into the store for the time of the block."""
        connection = psycopg.connect(self.stack.environment["PG_CHECKPOINT_URI"])
        try:
            connection.execute("LOCK TABLE store IN EXCLUSIVE MODE")
            yield
        finally:
            connection.close()

    @contextmanager
    def silent(self, conversation: Conversation) -> Iterator[None]:
        """Start a turn and hold it before its first token for the time of the block."""
        with self.provider.gate(_mentions(conversation.session), after_events=0) as before:
            conversation.start_held_turn()
            _await(before)
            yield

    @contextmanager
    def speaking(self, conversation: Conversation) -> Iterator[None]:
        """Start a turn and hold it behind its first token, which is heard, for the time of the block."""
        with self.provider.gate(_mentions(conversation.session), after_events=EVENTS_WITH_A_TOKEN) as within:
            conversation.start_held_turn()
            _await(within)
            eventually(lambda: conversation.has_heard("token"), bool, within=REACHED_SECONDS)
            yield

    @contextmanager
    def settlement_stopped(self, session: str, webhook: Gate) -> Iterator[None]:
        """Let the webhook through, and the worker come as far as the row that it is about to settle."""
        waiting = (
            "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        connection = psycopg.connect(self.stack.environment["DATABASE_URL"])
        try:
            connection.execute(
                "SELECT id FROM usage_tokenusage WHERE chat_session_id = %s AND state = 'pending' FOR UPDATE",
                (session,),
            )
            webhook.opened.set()
            eventually(lambda: self.rows(waiting), bool, within=REACHED_SECONDS)
            yield
        finally:
            connection.close()

    @contextmanager
    def held(self, at: dict[str, Conversation], *, part: str) -> Iterator[None]:
        """Bring the newest turn of each conversation to its point, for `part` to be killed in the block.

        The last two are not held for long: their nodes wait five seconds. The Agent Server's file has the
        others by then, so it will repeat those. These begin anew: it loses their runs and their threads.
        """
        settled_last = at["before settlement"].session
        with ExitStack() as holds:
            over = holds.enter_context(self.control_plane.gate(_is_webhook(settled_last)))
            at["before settlement"].start_held_turn()
            _await(over)
            holds.enter_context(self.silent(at["before the first token"]))
            holds.enter_context(self.speaking(at["in mid-stream"]))
            if part == "agent-server":
                self.wait_for_flush()
                at.update(self.begin("before the permit", "before the record"))
            if part in WORKED_ON_BY:
                holds.enter_context(self.settlement_stopped(settled_last, over))
            holds.enter_context(self.store_closed())
            unpermitted = partial(self.asks_for_permit, at["before the permit"].session)
            permit = holds.enter_context(self.control_plane.gate(unpermitted))
            at["before the record"].start_held_turn()
            at["before the permit"].start_held_turn()
            _await(permit)
            eventually(self.waiting_writers, bool, within=REACHED_SECONDS)
            yield

    def waiting_writers(self) -> list[int]:
        """Return the database's processes that wait for the store."""
        waiting = "SELECT pid FROM pg_locks WHERE NOT granted AND relation = 'store'::regclass"
        return [row["pid"] for row in self.rows(waiting, of="PG_CHECKPOINT_URI")]

    def end_waiting_writers(self) -> None:
        """End the sessions of those who wait for the store, with what they were about to write."""
        for pid in self.waiting_writers():
            self.rows("SELECT pg_terminate_backend(%s, 5000)", pid, of="PG_CHECKPOINT_URI")

    def standing(self, conversation: Conversation) -> tuple[int, int]:
        """Count the pending rows and the records of the newest run."""
        run = self.run_of(conversation.session)
        pending = self.rows(
            "SELECT id FROM usage_tokenusage WHERE run_id = %s AND state = 'pending'", uuid.UUID(run)
        )
        records = self.rows("SELECT key FROM store WHERE prefix = %s", f"usage.{run}", of="PG_CHECKPOINT_URI")
        return len(pending), len(records)

    def wait_for_flush(self) -> None:
        """Wait until the Agent Server has written its threads and runs down, which it does every 10 s."""
        files = self.folder / "agent-server" / ".langgraph_api"
        since = time.time()
        eventually(
            lambda: max((one.stat().st_mtime for one in files.glob(".langgraph_ops*.pckl")), default=0.0),
            lambda written: written > since,
            within=20,
        )


def _is_webhook(session: str) -> Callable[[Exchange], bool]:
    return lambda one: one.path.startswith("/internal/webhooks/") and one.body["thread_id"] == session


def _mentions(session: str) -> Callable[[Exchange], bool]:
    return lambda one: session in str(one.body)


def _await(*gates: Gate) -> None:
    for gate in gates:
        assert gate.reached.wait(REACHED_SECONDS), "a run did not come to its point"
