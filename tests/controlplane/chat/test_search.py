"""Searching sessions by title and by what was said; the index holds words, and no more."""

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.test.utils import CaptureQueriesContext

from controlplane.chat import message_index
from controlplane.chat.message_index import session_index, sweep_message_index
from controlplane.chat.models import ChatSession, IndexedMessage
from controlplane.chat.services import session_create, session_delete
from sdk_bridge import Message

SEARCH = "/api/v1/sessions/search/"


def said(user, title: str, *messages: str) -> ChatSession:
    """A session whose messages are in the index."""
    made = ChatSession.objects.create(user=user, title=title)
    for position, message in enumerate(messages):
        index(made, position, message)
    return made


def index(session: ChatSession, position: int, text: str) -> None:
    message_index.entry_of(session, position, Message(f"m{position}", "human", text)).save()


def find(api, text: str) -> list[str]:
    answer = api.get(SEARCH, {"q": text})
    assert answer.status_code == 200, answer.content
    return [found["session"]["title"] for found in answer.json()["results"]]


@pytest.fixture
def three(user, stranger) -> None:
    said(user, "Ärger mit Tee", "Wo ist die Kanne?")
    said(user, "Boiling", "How long does green tea steep?", "It's 3.5 minutes, see well-known/tea.html")
    said(user, "Coffee", "Espresso and milk")
    said(
        user,
        "\u201cQuoted\u201d \u2013 title",
        "\u201ccurly\u201d \u0928\u092e\u0938\u094d\u0924\u0947\u0964",
    )
    said(stranger, "Green tea of a stranger", "green tea, a secret")


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("tea", ["Boiling"]),
        ("GREEN", ["Boiling"]),
        ("gre", ["Boiling"]),
        ("gre ", []),
        ("steep green", ["Boiling"]),
        ("green milk", []),
        ("green or milk", ["Coffee", "Boiling"]),
        ("milk -tea", ["Coffee"]),
        ("well-kn", ["Boiling"]),
        ("known/tea.htm", ["Boiling"]),
        ("3.5", ["Boiling"]),
        ('"green tea"', ["Boiling"]),
        ("ärger", ["Ärger mit Tee"]),
        ("ÄRGER te", ["Ärger mit Tee"]),
        ("coff", ["Coffee"]),
        ("kanne", ["Ärger mit Tee"]),
        ("???", []),
        ("'", []),
        ("tea' | 'milk", []),
        ("\\", []),
        (":*", []),
        ("@", []),
        ("IT'S", ["Boiling"]),
        ("it\u2019s", ["Boiling"]),
        ("milk -it's", ["Coffee"]),
        ("milk -it\u2019s", ["Coffee"]),
        ("kanne -tee", ["\u00c4rger mit Tee"]),
        ("kanne -ist", []),
        ("-tee", ["\u201cQuoted\u201d \u2013 title", "Coffee", "Boiling", "\u00c4rger mit Tee"]),
        ("or", []),
        ("or milk or", ["Coffee"]),
        ("   ", []),
        ("quot", ["\u201cQuoted\u201d \u2013 title"]),
        ("titl", ["\u201cQuoted\u201d \u2013 title"]),
        ("curly", ["\u201cQuoted\u201d \u2013 title"]),
        ("\u0928\u092e\u0938\u094d\u0924\u0947", ["\u201cQuoted\u201d \u2013 title"]),
    ],
)
def test_words_are_found(api, three, text, titles):
    assert find(api, text) == titles


def test_stranger_s_words_are_not_found_by_the_owner_s_id_either(api, three, stranger):
    assert find(api, "secret") == []
    assert find(api, f"{str(stranger.pk)[-8:]}:secret") == []


def test_places_are_told(api, user):
    made = said(user, "Tea", "tea one", "milk", "more tea")

    (found,) = api.get(SEARCH, {"q": "tea"}).json()["results"]

    assert found["session"]["id"] == str(made.pk)
    assert found["in_title"] is True
    assert found["messages"] == [{"message_id": "m0", "position": 0}, {"message_id": "m2", "position": 2}]


def test_at_most_ten_places_of_a_session_are_told(api, user):
    said(user, "Boiling", *["tea"] * 12)

    (found,) = api.get(SEARCH, {"q": "tea"}).json()["results"]

    assert [place["position"] for place in found["messages"]] == list(range(10))
    assert found["in_title"] is False


def test_pages_hold_every_session_once(api, user):
    for number in range(5):
        said(user, f"Tea {number}", "tea")
    titles, address = [], f"{SEARCH}?q=tea&limit=2"
    while address:
        page = api.get(address).json()
        titles += [found["session"]["title"] for found in page["results"]]
        address = page["next"]

    assert titles == [f"Tea {number}" for number in (4, 3, 2, 1, 0)]


@pytest.mark.parametrize("query", ["", "q=", "q=%00", "q=" + "x" * 201, "q=tea&limit=0", "q=tea&cursor=x"])
def test_wrong_query_is_named(api, query):
    answer = api.get(f"{SEARCH}?{query}")

    field = query.split("&")[-1].split("=")[0] or "q"
    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (422, [field])


@pytest.mark.parametrize("rows", [3, 30])
def test_page_costs_the_same_for_many_rows(api, user, rows):
    for number in range(rows):
        said(user, f"Tea {number}", "tea")
    with CaptureQueriesContext(connection) as queries:
        assert len(api.get(f"{SEARCH}?q=tea&limit=100").json()["results"]) == rows
    # The caller, the page, titles, messages.
    assert len(queries) == 4


def say(api, session: ChatSession, text: str) -> None:
    answer = api.post(f"/api/v1/sessions/{session.pk}/messages/", {"message": text})
    assert answer.status_code == 200
    ChatSession.objects.filter(pk=session.pk).want_index()


def positions() -> list[int]:
    return list(IndexedMessage.objects.order_by("position").values_list("position", flat=True))


def test_sweep_indexes_what_was_said(api, session, agent_server):
    say(api, session, "Where is the teapot?")
    assert find(api, "teapot") == []

    assert async_to_sync(sweep_message_index)() == 1

    assert find(api, "teapot") == ["Tea"]
    assert positions() == [0, 1]
    assert async_to_sync(sweep_message_index)() == 0


def test_index_holds_neither_text_nor_order(api, session, agent_server):
    say(api, session, "tea and tea and milk")
    async_to_sync(session_index)(session_id=session.pk)

    with connection.cursor() as cursor:
        cursor.execute("SELECT words::text FROM chat_indexedmessage WHERE position = 0")
        (words,) = cursor.fetchone()
    owner = str(session.user_id)[-8:]
    assert words == f"'{owner}:' '{owner}:and' '{owner}:milk' '{owner}:tea'"


def test_only_new_pages_are_read(api, session, agent_server, monkeypatch):
    monkeypatch.setattr(message_index, "PAGE", 2)
    for number in range(4):
        say(api, session, f"message {number}")
    async_to_sync(session_index)(session_id=session.pk)
    assert positions() == list(range(8))
    oldest = IndexedMessage.objects.get(position=0).pk

    say(api, session, "teapot")
    async_to_sync(session_index)(session_id=session.pk)

    assert positions() == list(range(10))
    assert IndexedMessage.objects.get(position=0).pk == oldest
    assert find(api, "teapot") == ["Tea"]


def test_what_was_taken_back_is_dropped(api, session, agent_server):
    say(api, session, "teapot")
    async_to_sync(session_index)(session_id=session.pk)
    index(session, 2, "kettle")
    index(session, 3, "kettle too")
    assert find(api, "kettle") == ["Tea"]

    ChatSession.objects.filter(pk=session.pk).want_index()
    async_to_sync(session_index)(session_id=session.pk)

    assert (find(api, "kettle"), find(api, "teapot")) == ([], ["Tea"])


def test_lost_thread_is_indexed_from_its_checkpoints(api, session, agent_server):
    say(api, session, "teapot")
    agent_server.lose_thread(session.pk)

    async_to_sync(session_index)(session_id=session.pk)

    assert find(api, "teapot") == ["Tea"]


def test_thread_that_the_index_restored_is_still_its_owner_s(api, session, agent_server):
    say(api, session, "teapot")
    agent_server.lose_thread(session.pk)
    async_to_sync(session_index)(session_id=session.pk)

    history = api.get(f"/api/v1/sessions/{session.pk}/history/")

    assert (history.status_code, history.json()["total"]) == (200, 2)
    say(api, session, "kettle")


def test_pages_without_words_do_not_hide_those_before(api, session, agent_server, monkeypatch):
    monkeypatch.setattr(message_index, "PAGE", 1)
    monkeypatch.setattr(message_index, "INDEXED_ROLES", ("human",))
    say(api, session, "teapot")

    async_to_sync(session_index)(session_id=session.pk)

    assert positions() == [0]


def test_deleted_session_leaves_no_words(api, session, user, agent_server):
    say(api, session, "teapot")
    async_to_sync(session_index)(session_id=session.pk)

    session_delete(session_id=session.pk, owner_id=user.pk)

    assert IndexedMessage.objects.count() == 0
    assert find(api, "teapot") == []
    assert async_to_sync(session_index)(session_id=session.pk) is False
    assert IndexedMessage.objects.count() == 0


def test_switching_off_empties_and_switching_on_fills_again(api, session, agent_server, settings):
    say(api, session, "teapot")
    async_to_sync(session_index)(session_id=session.pk)

    settings.MESSAGE_SEARCH = False
    assert [async_to_sync(sweep_message_index)() for _ in range(2)] == [1, 0]
    assert IndexedMessage.objects.count() == 0
    assert async_to_sync(session_index)(session_id=session.pk) is False
    assert find(api, "Tea") == ["Tea"]

    settings.MESSAGE_SEARCH = True
    assert async_to_sync(sweep_message_index)() == 1
    assert find(api, "teapot") == ["Tea"]


def test_one_session_that_cannot_be_read_does_not_hold_up_others(api, session, user, agent_server):
    stuck = async_to_sync(session_create)(owner=user, settings={"title": "Stuck", "graph_id": "agent"})
    ChatSession.objects.filter(pk=stuck.pk).want_index()
    ChatSession.objects.filter(pk=stuck.pk).update(deleted_at="2026-01-01T00:00Z")
    say(api, session, "teapot")

    assert async_to_sync(sweep_message_index)() == 1
