"""What one user has on both planes, how it is made, and how it looks to the user and in the databases."""

import uuid
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from tests.end_to_end.api import eventually
from tests.end_to_end.hands import TokenMaker, bearer
from tests.end_to_end.routes import Ids
from tests.running_stack import RunningStack
from tests.scripted_model import ScriptedModel

SILENCE_MS = 45_000
# Tables of the control plane that say whose a row is.
OWNED_TABLES = ("chat_chatsession", "runs_run", "usage_tokenusage", "usage_dailycounter")
THREAD_TABLES = ("checkpoints", "checkpoint_blobs", "checkpoint_writes")


@dataclass(frozen=True)
class Secrets:
    """Words that only the owner may read."""

    word: str
    answer: str
    item: str

    @classmethod
    def make(cls) -> "Secrets":
        """Words that no other test uses."""
        return cls(*(f"{name}-{uuid.uuid4()}" for name in ("question", "answer", "item")))

    def among(self, text: str) -> list[str]:
        """Return those that a text gives away; who sends the question knows it."""
        return [secret for secret in (self.answer, self.item) if secret in text]


@dataclass(frozen=True)
class Possessions:
    """One account's threads, runs and items, seen with its own token."""

    stack: RunningStack
    http: httpx.Client
    ids: Ids

    def look(self) -> dict[str, Any]:
        """Read everything of the owner's: through the Agent Server, and in both databases."""
        return {"agent server": self._through_the_server(), **self._in_the_databases()}

    def _through_the_server(self) -> dict[str, Any]:
        ids = self.ids
        thread = f"/threads/{ids.thread_id}"
        live = [
            f"/threads/{one}/runs/{run}" for one, run in zip(ids.live_threads, ids.live_runs, strict=True)
        ]
        return {
            "thread": _read(self.http, "GET", thread),
            "state": _read(self.http, "GET", f"{thread}/state"),
            "history": _read(self.http, "POST", f"{thread}/history", json={"limit": 100}),
            "runs": _read(self.http, "GET", f"{thread}/runs"),
            "spare thread": _read(self.http, "GET", f"/threads/{ids.spare_thread}"),
            "live runs": [_read(self.http, "GET", path)["status"] for path in live],
            "threads": sorted(
                entry["thread_id"]
                for entry in _read(self.http, "POST", "/threads/search", json={"limit": 100})
            ),
            "items": _read(
                self.http, "POST", "/store/items/search", json={"namespace_prefix": ids.namespace[:2]}
            ),
        }

    def _in_the_databases(self) -> dict[str, Any]:
        with psycopg.connect(self.stack.environment["PG_CHECKPOINT_URI"]) as connection:
            saved = {table: _digest(connection, table, self.ids.thread_id) for table in THREAD_TABLES}
        return {
            "checkpoints": saved,
            "control plane": rows_of(self.stack, self.ids.owner, self.ids.live_threads),
        }


def rows_of(stack: RunningStack, user_id: str, live_threads: tuple[str, ...] = ()) -> dict[str, list[Any]]:
    """Return the control plane's rows of a user; of live runs, whose rows the sweep touches, only the ids."""
    found: dict[str, list[Any]] = {}
    with psycopg.connect(stack.environment["DATABASE_URL"], row_factory=dict_row) as connection:
        for table in OWNED_TABLES:
            query = sql.SQL("SELECT * FROM {} WHERE user_id = %s ORDER BY id").format(sql.Identifier(table))
            rows = connection.execute(query, (user_id,)).fetchall()
            found[table] = [row["id"] if _is_live(row, live_threads) else row for row in rows]
    return found


def _is_live(row: dict[str, Any], live_threads: tuple[str, ...]) -> bool:
    return str(row.get("thread_id", row["id"])) in live_threads


def _digest(connection: psycopg.Connection[Any], table: str, thread_id: str) -> tuple[Any, ...]:
    query = sql.SQL(
        "SELECT count(*), md5(string_agg(t::text, ',' ORDER BY t::text)) FROM {} t WHERE thread_id = %s"
    ).format(sql.Identifier(table))
    seen = connection.execute(query, (thread_id,)).fetchone()
    assert seen
    assert seen[0] > 0, f"the owner has nothing in {table}"
    return seen


def acquire(
    stack: RunningStack, tokens: TokenMaker, model: ScriptedModel, *, owner: str, secrets: Secrets
) -> Possessions:
    """Let the owner have a finished conversation, two live ones, an item and a schedule."""
    model.reply(secrets.word, secrets.answer)
    http = httpx.Client(base_url=stack.agent_server_url, headers=bearer(tokens.token(owner)), timeout=30)
    thread_id = _thread(http)
    run_id = _finished_run(http, thread_id, secrets.word)
    namespace = ["users", owner, "notes"]
    _read(
        http,
        "PUT",
        "/store/items",
        json={"namespace": namespace, "key": "k", "value": {"text": secrets.item}},
    )
    live = [_live_run(http, model) for _ in range(2)]
    state = _read(http, "GET", f"/threads/{thread_id}/state")
    ids = Ids(
        owner=owner,
        word=secrets.word,
        assistant_id=_read(http, "POST", "/assistants/search", json={"graph_id": "agent"})[0]["assistant_id"],
        thread_id=thread_id,
        run_id=run_id,
        checkpoint_id=state["checkpoint"]["checkpoint_id"],
        cron_id=_schedule(stack, tokens, thread_id),
        spare_thread=_thread(http),
        live_threads=(live[0][0], live[1][0]),
        live_runs=(live[0][1], live[1][1]),
    )
    eventually(
        lambda: rows_of(stack, owner),
        lambda rows: _is_at_rest(rows, run_id),
        within=60,
    )
    return Possessions(stack=stack, http=http, ids=ids)


def _is_at_rest(rows: dict[str, list[Any]], run_id: str) -> bool:
    """Whether the finished run is settled, the two live ones have their permits, and each thread was seen."""
    settled = [row for row in rows["runs_run"] if str(row["id"]) == run_id and row["settled_at"]]
    states = sorted(row["state"] for row in rows["usage_tokenusage"])
    seen = not any(row["is_provisional"] for row in rows["chat_chatsession"])
    return seen and len(settled) == 1 and states == ["pending", "pending", "settled"]


def _thread(http: httpx.Client) -> str:
    body = {"metadata": {"graph_id": "agent"}}
    return str(_read(http, "POST", "/threads", json=body)["thread_id"])


def _finished_run(http: httpx.Client, thread_id: str, word: str) -> str:
    body = {"assistant_id": "agent", "input": {"messages": [{"role": "user", "content": f"Tell {word}"}]}}
    _read(http, "POST", f"/threads/{thread_id}/runs/wait", json=body)
    (run,) = _read(http, "GET", f"/threads/{thread_id}/runs")
    return str(run["run_id"])


def _live_run(http: httpx.Client, model: ScriptedModel) -> tuple[str, str]:
    """Start a run whose model stays silent, and wait until the model was asked."""
    word = f"silent-{uuid.uuid4()}"
    model.reply(word, "Too late.", streamingProfile={"ttft": SILENCE_MS, "tps": 20})
    thread_id = _thread(http)
    body = {"assistant_id": "agent", "input": {"messages": [{"role": "user", "content": word}]}}
    run = _read(http, "POST", f"/threads/{thread_id}/runs", json=body)
    return thread_id, str(run["run_id"])


def _schedule(stack: RunningStack, tokens: TokenMaker, thread_id: str) -> str:
    body = {"assistant_id": "agent", "schedule": "0 0 1 1 *", "input": {"messages": []}}
    with httpx.Client(base_url=stack.agent_server_url, headers=tokens.service(), timeout=30) as http:
        return str(_read(http, "POST", f"/threads/{thread_id}/runs/crons", json=body)["cron_id"])


def unschedule(stack: RunningStack, tokens: TokenMaker, cron_id: str) -> None:
    """Remove the schedule, unless it went with its thread."""
    with httpx.Client(base_url=stack.agent_server_url, headers=tokens.service(), timeout=30) as http:
        assert http.delete(f"/runs/crons/{cron_id}").status_code in (204, 404)


def _read(http: httpx.Client, method: str, path: str, **options: Any) -> Any:
    response = http.request(method, path, **options)
    assert response.is_success, f"{method} {path}: {response.status_code} {response.text[:800]}"
    return response.json() if response.content else None
