"""An account is deleted while a run of it is writing: what is left is a receipt, tombstones and bills."""

import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from tests.conftest import DEMO_PASSWORD
from tests.end_to_end.api import eventually
from tests.end_to_end.backups import Backup, manage
from tests.end_to_end.traces import Places, Sought, browser_sessions, scan, scan_database, table_of
from tests.end_to_end.whole_account import SLOW, WholeAccount
from tests.running_stack import RunningStack
from tests.scripted_model import ScriptedModel
from tests.shown_tables import show_table

# Bills, receipts, tombstones and the record of who did what: under bare ids.
MAY_KEEP_IDS = {
    *(
        f"DATABASE_URL: {table}"
        for table in (
            "accounts_customuser",
            "audit_auditentry",
            "chat_deletedthread",
            "erasure_deletionreceipt",
            "preferences_userpreference",
            "provider_keys_keycounter",
            "provider_keys_userapikey",
            "runs_run",
            "usage_dailycounter",
            "usage_monthlycounter",
            "usage_usagegrant",
            "usage_tokenusage",
        )
    ),
    "file deletions.jsonl",
}
# Lines of log name requests, threads and runs by their ids until they are rotated away; they say no content.
LOGS = ("file logs/", "file supervisor.log")
ERASED_SECONDS, CHECKED_SECONDS = 60.0, 90.0


@dataclass
class Deleted:
    """The account after its deletion, and what was found of it when."""

    account: WholeAccount
    before: Places
    sessions_before: list[bytes]
    events: list[str]
    backup: Backup


@pytest.fixture(scope="module")
def folder(stack: RunningStack) -> Path:
    """The data folder of the shared stack."""
    return stack.ready_file.parent


@pytest.fixture(scope="module")
def deleted(
    stack: RunningStack, scripted_model: ScriptedModel, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deleted]:
    """Fill an account, look at it, and delete it in the middle of an answer."""
    account = WholeAccount.make(stack, scripted_model)
    late = account.words["late answer"]
    scripted_model.reply(f"Go on {late}", f"{late} " * 400, **SLOW)
    events: list[str] = []
    heard = threading.Event()
    listener = threading.Thread(target=_listen, args=(account, late, events, heard))
    listener.start()
    assert heard.wait(30)
    account.forget_session()
    # The server's files are written every ten seconds.
    eventually(
        lambda: scan(stack, folder, account.sought),
        lambda found: not _unseen(found, account.sought) and _in_files(found, "session"),
        within=30,
    )
    before, sessions = scan(stack, folder, account.sought), browser_sessions(stack)
    threads = [account.ids["session"], account.ids["unknown thread's id"]]
    backup = Backup.take(stack, tmp_path_factory.mktemp("backup"), threads=threads)
    answer = account.api.expect(202, "POST", "me/deletion/", json={"password": DEMO_PASSWORD})
    assert (answer["kind"], answer["subject_id"]) == ("account", account.user_id)
    yield Deleted(account, before, sessions, events, backup)
    listener.join(30)


def _listen(account: WholeAccount, late: str, events: list[str], heard: threading.Event) -> None:
    try:
        for event in account.api.stream(account.ids["session"], f"Go on {late}"):
            events.append(event.name)
            if event.name == "token":
                heard.set()
    except httpx.HTTPError as error:
        events.append(repr(error))


def _unseen(found: Places, sought: Sought) -> set[str]:
    seen = {name for names in found.values() for name in names}
    return {*sought.words, *sought.ids} - seen


def _in_files(found: Places, name: str) -> bool:
    return any(name in names for place, names in found.items() if ".langgraph_api" in place)


def _receipt(stack: RunningStack, user_id: str) -> dict[str, Any]:
    query = "SELECT erased_at, checked_at, counts FROM erasure_deletionreceipt WHERE subject_id = %s"
    with psycopg.connect(stack.environment["DATABASE_URL"]) as connection:
        row = connection.execute(query, (user_id,)).fetchone()
    assert row
    return dict(zip(("erased_at", "checked_at", "counts"), row, strict=True))


def _what_must_not_be_left(found: Places, sought: Sought) -> dict[str, set[str]]:
    """Content anywhere; ids anywhere but where they may be."""
    wrong = {}
    for place, names in found.items():
        may_have_ids = place in MAY_KEEP_IDS or place.startswith(LOGS)
        if bad := {name for name in names if name in sought.words or not may_have_ids}:
            wrong[place] = bad
    return wrong


def _settled(stack: RunningStack, user_id: str) -> dict[str, Any]:
    return eventually(
        lambda: _receipt(stack, user_id), lambda row: row["checked_at"] is not None, within=CHECKED_SECONDS
    )


@pytest.mark.timeout(300)
def test_nothing_but_receipt_tombstones_and_bills_is_left(
    stack: RunningStack, folder: Path, deleted: Deleted
) -> None:
    account, sought = deleted.account, deleted.account.sought
    assert not _unseen(deleted.before, sought)
    assert any(account.user_id.encode() in said for said in deleted.sessions_before)

    is_erased = lambda row: row["erased_at"] is not None  # noqa: E731  # a word for the line below
    eventually(lambda: _receipt(stack, account.user_id), is_erased, within=ERASED_SECONDS)
    first = scan(stack, folder, sought)
    receipt = _settled(stack, account.user_id)
    last = eventually(
        lambda: scan(stack, folder, sought),
        lambda found: not _what_must_not_be_left(found, sought),
        within=30,
    )

    moments = {"before": deleted.before, "erased": first, "looked through again": last}
    for moment, found in moments.items():
        show_table(f"{moment}:\n{table_of(found)}")
    show_table(f"receipt: {receipt['counts']}")
    in_tables = {place: names for place, names in first.items() if "URL" in place or "_URI" in place}
    assert _what_must_not_be_left(in_tables, sought) == {}
    sessions = b"\n".join(browser_sessions(stack))
    assert account.user_id.encode() not in sessions
    assert account.email.encode() not in sessions
    # The other one was its conversation's, which has a receipt of its own.
    assert receipt["counts"]["documents"] == 1
    assert {"sessions", "store_items", "threads", "keys", "vectors", "browser_sessions"} <= set(
        receipt["counts"]
    )


@pytest.mark.timeout(300)
def test_token_of_the_account_opens_nothing_any_more(deleted: Deleted) -> None:
    for path in ("me/", "sessions/", f"sessions/{deleted.account.ids['session']}/", "deletions/"):
        assert deleted.account.api.refused(401, "GET", path)["code"] == "not_authenticated"


@pytest.mark.timeout(300)
def test_run_that_was_writing_was_cancelled_and_billed(stack: RunningStack, deleted: Deleted) -> None:
    _settled(stack, deleted.account.user_id)
    with psycopg.connect(stack.environment["DATABASE_URL"]) as connection:
        query = """
            SELECT u.outcome, u.state, r.status FROM usage_tokenusage u JOIN runs_run r ON r.id = u.run_id
            WHERE u.user_id = %s ORDER BY u.created_at DESC LIMIT 1
        """
        row = connection.execute(query, (deleted.account.user_id,)).fetchone()
    assert row == ("cancelled", "settled", "interrupted")


@pytest.mark.timeout(300)
def test_deletions_are_in_force_again_after_a_backup_was_restored(
    stack: RunningStack, deleted: Deleted
) -> None:
    account = deleted.account
    _settled(stack, account.user_id)
    restored = deleted.backup.restore(f"restored_{uuid.uuid4().hex}")
    assert not _unseen_in(restored, account, of=("title", "prompt name", "address", "feedback"))
    assert _unseen_in(stack.environment["PG_CHECKPOINT_URI"], account, of=("message", "answer")) == set()

    said = manage(stack, "replay_deletions", database=restored)

    assert said.strip().endswith("0 left to the sweep.")
    assert _unseen_in(restored, account, of=tuple(account.words)) == set(account.words)
    gone = _unseen_in(stack.environment["PG_CHECKPOINT_URI"], account, of=("message", "answer"))
    assert gone == {"message", "answer"}
    with psycopg.connect(restored) as connection:
        row = connection.execute(
            "SELECT is_active, deleted_at IS NULL FROM accounts_customuser WHERE id = %s", (account.user_id,)
        ).fetchone()
    assert row == (False, False)


def _unseen_in(address: str, account: WholeAccount, *, of: tuple[str, ...]) -> set[str]:
    """Name those words that a database does not hold."""
    found = scan_database(address, Sought({name: account.words[name] for name in of}, {}))
    return set(of) - {name for names in found.values() for name in names}
