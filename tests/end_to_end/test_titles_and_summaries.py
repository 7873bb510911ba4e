"""Titles and summaries over the whole system: who words them, who pays for them, and what stays as it was."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from tests.end_to_end.api import Api, eventually
from tests.end_to_end.ledger_join import Call, join
from tests.end_to_end.signed_in_users import access_tokens
from tests.running_stack import RunningStack
from tests.scripted_model import ScriptedModel

CHECKPOINTS_OF_OTHERS = "SELECT count(*) FROM checkpoints WHERE NOT thread_id = ANY(%s)"
LIMIT = """
    UPDATE preferences_userpreference SET daily_token_limit = %s
    WHERE user_id = (SELECT user_id FROM chat_chatsession WHERE id = %s)
"""
THREADS = "SELECT id::text FROM chat_chatsession"
pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def titling(server_folder: Path, scripted_model: ScriptedModel) -> Iterator[RunningStack]:
    """A system that words titles by itself."""
    stack = RunningStack.start(
        server_folder / "titling",
        OPENAI_BASE_URL=scripted_model.url,
        OPENAI_API_KEY="sk-scripted",
        DEFAULT_MODEL="gpt-4o-mini",
        AUTO_TITLES="true",
    )
    yield stack
    code = stack.stop()
    log = stack.log.read_text(errors="replace")
    assert code == 0, log[-6000:]
    assert "blocking call" not in log.lower()


@pytest.fixture
def writer(titling: RunningStack) -> Api:
    """REST as a new user."""
    api = Api(titling.control_plane_url)
    [token] = access_tokens(titling, 1)
    api.http.headers["Authorization"] = f"Bearer {token}"
    return api


def untitled_session(api: Api, **settings: Any) -> str:
    session: str = api.expect(201, "POST", "sessions/", json=settings)["id"]
    return session


def scripted_title(model: ScriptedModel, words: str, title: str) -> None:
    """Answer the question for a title of a conversation with these words, before its other messages."""
    usage = {"prompt_tokens": 30, "completion_tokens": 5, "total_tokens": 35}
    model.script(
        {
            "match": {"userMessage": words, "responseFormat": "json_schema"},
            "response": {"content": f'{{"title": "{title}"}}', "usage": usage},
        }
    )


def scripted_summary(model: ScriptedModel, words: str, summary: str) -> None:
    usage = {"prompt_tokens": 70, "completion_tokens": 9, "total_tokens": 79}
    model.script(
        {
            "match": {"userMessage": words, "responseFormat": "json_schema"},
            "response": {"content": f'{{"summary": "{summary}"}}', "usage": usage},
        }
    )


def entries_of(model: ScriptedModel, words: str) -> list[dict[str, Any]]:
    """The journal's requests that say these words anywhere."""
    return [entry for entry in model.journal() if words in str(entry.get("body"))]


def rows(stack: RunningStack, query: str, *values: object) -> list[dict[str, Any]]:
    with psycopg.connect(stack.environment["DATABASE_URL"], row_factory=dict_row) as connection:
        return connection.execute(query, values).fetchall()


def limit_tokens(stack: RunningStack, session: str, *, tokens: int) -> None:
    """Limit the day of a session's owner, as an administrator does."""
    with psycopg.connect(stack.environment["DATABASE_URL"]) as connection:
        done = connection.execute(LIMIT, (tokens, session))
    assert done.rowcount == 1


def titled(api: Api, session: str, *, within: float = 30) -> dict[str, Any]:
    return eventually(
        lambda: api.expect(200, "GET", f"sessions/{session}/"),
        lambda shown: shown["title_origin"] != "default",
        within=within,
    )


def test_a_title_is_worded_once_after_the_first_exchange_and_billed(
    titling: RunningStack, writer: Api, scripted_model: ScriptedModel
) -> None:
    words = f"voyage-{uuid.uuid4()}"
    scripted_title(scripted_model, words, "Reise nach Lissabon")
    scripted_model.reply(words, "Gern.")
    session = untitled_session(writer)

    writer.say(session, f"Plane eine Reise {words}")
    shown = titled(writer, session)

    assert (shown["title"], shown["title_origin"]) == ("Reise nach Lissabon", "generated")
    ledger = writer.settled_usage(calls=2, session=session)
    assert sorted(row["request_type"] for row in ledger) == ["chat", "title"]
    [asked] = [entry for entry in entries_of(scripted_model, words) if "response_format" in entry["body"]]
    instructions, told = asked["body"]["messages"]
    assert "in the language that the user writes in" in instructions["content"]
    assert told["content"] == f"User: Plane eine Reise {words}\nAssistant: Gern."

    writer.say(session, f"Und weiter {words}")
    writer.settled_usage(calls=3, session=session)
    billed = rows(titling, "SELECT * FROM usage_tokenusage WHERE chat_session_id = %s", session)
    assert len(join(billed, [Call.of(entry) for entry in entries_of(scripted_model, words)])) == 3
    used = writer.expect(200, "GET", f"sessions/{session}/")
    assert used["total_tokens_used"] == sum(row["total_tokens"] for row in billed)
    assert [run["graph_id"] for run in writer.expect(200, "GET", f"sessions/{session}/runs/")["results"]] == [
        "agent",
        "summarizer",
        "agent",
    ]


def test_a_title_of_ones_own_is_kept(writer: Api, scripted_model: ScriptedModel) -> None:
    words = f"owned-{uuid.uuid4()}"
    scripted_title(scripted_model, words, "A model's words")
    scripted_model.reply(words, "Fine.")
    given, changed = untitled_session(writer, title="Mine"), untitled_session(writer)
    writer.expect(200, "PATCH", f"sessions/{changed}/", json={"title": "New conversation"})

    for session in (given, changed):
        writer.say(session, f"Hello {words}")
        writer.settled_usage(calls=1, session=session)

    shown = [writer.expect(200, "GET", f"sessions/{session}/") for session in (given, changed)]
    assert [(one["title"], one["title_origin"]) for one in shown] == [
        ("Mine", "owner"),
        ("New conversation", "owner"),
    ]
    assert all("response_format" not in entry["body"] for entry in entries_of(scripted_model, words))


def test_a_used_up_limit_leaves_the_title_and_the_conversation_as_they_are(
    titling: RunningStack, writer: Api, scripted_model: ScriptedModel
) -> None:
    words = f"limited-{uuid.uuid4()}"
    scripted_title(scripted_model, words, "Too dear")
    scripted_model.reply(words, "Fine.", prompt_tokens=4000, completion_tokens=900)
    session = untitled_session(writer, max_tokens=1000)
    limit_tokens(titling, session, tokens=4900)

    assert writer.say(session, f"Hello {words}")["message"]["content"] == "Fine."

    [tried] = eventually(
        lambda: rows(
            titling,
            "SELECT status, error_code FROM runs_run WHERE session_id = %s AND graph_id = 'summarizer'",
            session,
        ),
        lambda found: len(found) == 1 and found[0]["status"] not in {"provisional", "pending", "running"},
        within=30,
    )
    state = "SELECT title, title_origin, title_due_at, title_tries FROM chat_chatsession WHERE id = %s"
    [left] = eventually(
        lambda: rows(titling, state, session), lambda found: found[0]["title_due_at"] is None, within=10
    )
    assert tried["status"] == "error"
    assert (left["title"], left["title_origin"], left["title_tries"]) == ("New conversation", "default", 1)
    assert writer.settled_usage(calls=1, session=session)[0]["request_type"] == "chat"
    refusal = writer.refused(429, "POST", f"sessions/{session}/summary/")
    assert (refusal["code"], refusal["details"]["which"]) == ("limit_reached", "daily_tokens")
    assert all("response_format" not in entry["body"] for entry in entries_of(scripted_model, words))


def test_a_summary_is_given_on_demand_and_kept_nowhere(
    titling: RunningStack, writer: Api, scripted_model: ScriptedModel
) -> None:
    words = f"summed-{uuid.uuid4()}"
    told = f"They greeted {uuid.uuid4()}."
    scripted_summary(scripted_model, words, told)
    scripted_model.reply(words, "Hello yourself.")
    session = untitled_session(writer, title="Greetings")
    assert writer.expect(200, "POST", f"sessions/{session}/summary/") == {"summary": ""}
    writer.say(session, f"Hello {words}")

    assert writer.expect(200, "POST", f"sessions/{session}/summary/") == {"summary": told}

    ledger = writer.settled_usage(calls=2, session=session)
    assert sorted(row["request_type"] for row in ledger) == ["chat", "summarization"]
    known = [row["id"] for row in rows(titling, THREADS)]
    with psycopg.connect(titling.environment["PG_CHECKPOINT_URI"]) as connection:
        assert connection.execute(CHECKPOINTS_OF_OTHERS, (known,)).fetchone() == (0,)
        for table in ("checkpoints", "checkpoint_blobs", "checkpoint_writes", "store"):
            held = connection.execute(
                f"SELECT count(*) FROM {table} t WHERE convert_to(t::text, 'UTF8')::text LIKE %s",  # noqa: S608
                (f"%{told.rsplit(maxsplit=1)[-1][:-1]}%",),
            ).fetchone()
            assert held == (0,), table
    assert len(writer.history(session)) == 2
    foreign = Api(titling.control_plane_url)
    [token] = access_tokens(titling, 1)
    foreign.http.headers["Authorization"] = f"Bearer {token}"
    assert foreign.refused(404, "POST", f"sessions/{session}/summary/")["code"] == "not_found"
