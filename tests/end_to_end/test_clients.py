"""Apps chat straight with the Agent Server, given a URL and a token; it is the same conversation in REST."""

import uuid
from collections.abc import Iterator

import pytest

from tests.end_to_end.accounts import DIRECT, Account
from tests.end_to_end.api import eventually
from tests.end_to_end.clients import DirectClient, Refused
from tests.end_to_end.turns import LONG, SLOW
from tests.running_stack import RunningStack
from tests.scripted_model import ScriptedModel

IN_PIECES = {"streamingProfile": {"ttft": 20, "tps": 50}, "chunkSize": 6}


@pytest.fixture
def account(stack: RunningStack) -> Account:
    """A user of the test's own."""
    return Account.new(stack)


@pytest.fixture(params=DIRECT)
def client(request: pytest.FixtureRequest, account: Account) -> Iterator[DirectClient]:
    """Each SDK in turn, working for the account."""
    with account.direct_client(request.param) as direct:
        yield direct


@pytest.fixture
def words() -> str:
    """What only this test says."""
    return f"direct-{uuid.uuid4()}"


def test_a_url_and_a_token_are_enough_to_chat(
    client: DirectClient, scripted_model: ScriptedModel, words: str
) -> None:
    text = "Straight from the Agent Server."
    scripted_model.reply(words, text, **IN_PIECES)
    thread = client.create_thread()

    pieces = list(client.stream(thread, words))
    again = client.ask(thread, f"{words} again")

    tokens = [piece.data for piece in pieces[1:]]
    assert pieces[0].kind == "run"
    assert {piece.kind for piece in pieces[1:]} == {"token"}
    assert "".join(tokens) == again == text
    assert len(tokens) > 2
    assert client.messages(thread) == [
        ("human", words),
        ("ai", text),
        ("human", f"{words} again"),
        ("ai", text),
    ]
    assert client.threads() == [thread]


def test_a_clients_thread_is_its_users_session(
    account: Account, client: DirectClient, scripted_model: ScriptedModel, words: str, stack: RunningStack
) -> None:
    scripted_model.reply(words, "Noted.", prompt_tokens=12, completion_tokens=3)
    api, stranger = account.api, Account.new(stack).api
    thread = client.create_thread()
    run = next(piece.data for piece in list(client.stream(thread, words)) if piece.kind == "run")

    (row,) = api.settled_usage(session=thread)
    listed = api.expect(200, "GET", "sessions/")["results"]
    session = api.expect(200, "GET", f"sessions/{thread}/")

    assert (row["run_id"], row["total_tokens"]) == (run, 15)
    assert [entry["id"] for entry in listed] == [thread]
    assert (session["title"], session["graph_id"]) == ("New conversation", "agent")
    assert (session["message_count"], session["total_tokens_used"]) == (1, 15)
    assert session["total_cost"] == row["total_cost"]
    assert [(message["role"], message["content"]) for message in api.history(thread)] == [
        ("human", words),
        ("ai", "Noted."),
    ]
    renamed = api.expect(200, "PATCH", f"sessions/{thread}/", json={"title": "Made elsewhere"})
    assert renamed["title"] == "Made elsewhere"
    stranger.refused(404, "GET", f"sessions/{thread}/")
    assert stranger.expect(200, "GET", "sessions/")["results"] == []


def test_a_session_made_over_rest_opens_by_its_id(
    account: Account, client: DirectClient, scripted_model: ScriptedModel, words: str
) -> None:
    scripted_model.reply(f"{words} in REST", "Begun.")
    scripted_model.reply(f"{words} in the SDK", "Continued.")
    api = account.api
    session = api.new_session("Begun over REST")
    api.say(session, f"{words} in REST")

    assert client.threads() == [session]
    assert client.messages(session) == [("human", f"{words} in REST"), ("ai", "Begun.")]
    before = client.checkpoints(session)
    assert client.ask(session, f"{words} in the SDK") == "Continued."

    assert client.checkpoints(session) > before > 0
    assert [message["content"] for message in api.history(session)] == [
        f"{words} in REST",
        "Begun.",
        f"{words} in the SDK",
        "Continued.",
    ]
    api.settled_usage(calls=2, session=session)
    seen = api.expect(200, "GET", f"sessions/{session}/")
    assert (seen["title"], seen["message_count"]) == ("Begun over REST", 2)


def test_a_run_that_a_client_cancels_is_interrupted_in_rest(
    account: Account, client: DirectClient, scripted_model: ScriptedModel, words: str
) -> None:
    scripted_model.reply(words, LONG, **SLOW)
    thread, run = client.create_thread(), ""
    for piece in client.stream(thread, words):
        if piece.kind == "run":
            run = piece.data
        elif piece.kind == "token":
            client.cancel(thread, run)
            break

    runs = eventually(
        lambda: account.api.expect(200, "GET", f"sessions/{thread}/runs/")["results"],
        lambda rows: all(row["ended_at"] for row in rows),
        within=30,
    )
    assert [(row["id"], row["status"]) for row in runs] == [(run, "interrupted")]


def test_a_refusal_reaches_the_client_in_words(
    account: Account, client: DirectClient, scripted_model: ScriptedModel, words: str
) -> None:
    scripted_model.reply(words, "Never asked.")
    session = account.api.new_session()
    account.api.expect(200, "POST", f"sessions/{session}/archive/")

    with pytest.raises(Refused) as refused:
        list(client.stream(session, words))

    assert refused.value.status == 409
    assert "session_archived" in refused.value.text
    assert scripted_model.calls(words) == []
    assert account.api.history(session) == []
    assert account.api.expect(200, "GET", f"sessions/{session}/runs/")["results"] == []
