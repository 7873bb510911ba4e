"""Reading a conversation back, page by page."""

import pytest

from controlplane.agent_server import patience
from sdk_bridge import ServerTimedOut


@pytest.fixture
def conversation(api, session):
    """Three questions and their echoes."""
    for number in range(3):
        api.post(f"/api/v1/sessions/{session.pk}/messages/", {"message": str(number)})
    return f"/api/v1/sessions/{session.pk}/history/"


def contents(body) -> list[str]:
    return [message["content"] for message in body["messages"]]


def test_new_session_has_an_empty_history(api, session):
    body = api.get(f"/api/v1/sessions/{session.pk}/history/").json()

    assert (body["messages"], body["total"], body["has_earlier"]) == ([], 0, False)


def test_history_combines_session_and_messages(api, session, conversation):
    body = api.get(conversation).json()

    assert body["session"] == api.get(f"/api/v1/sessions/{session.pk}/").json()
    assert contents(body) == ["0", "You said 0", "1", "You said 1", "2", "You said 2"]
    assert [message["role"] for message in body["messages"]] == ["human", "ai"] * 3
    assert (body["total"], body["first_index"], body["has_earlier"]) == (6, 0, False)
    assert body["interrupts"] == []


def test_pages_go_back_from_the_newest(api, conversation):
    newest = api.get(f"{conversation}?limit=4").json()
    earlier = api.get(f"{conversation}?limit=4&before={newest['first_index']}").json()

    assert contents(newest) == ["1", "You said 1", "2", "You said 2"]
    assert (newest["first_index"], newest["has_earlier"]) == (2, True)
    assert contents(earlier) == ["0", "You said 0"]
    assert (earlier["first_index"], earlier["has_earlier"]) == (0, False)


def test_lost_thread_is_restored_with_its_history(api, session, conversation, agent_server):
    before = api.get(conversation).json()
    agent_server.lose_thread(session.pk)

    assert api.get(conversation).json() == before


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "limit=x", "before=-1", "before=x"])
def test_wrong_page_is_named(api, session, query):
    response = api.get(f"/api/v1/sessions/{session.pk}/history/?{query}")

    assert (response.status_code, list(response.json()["error"]["fields"])) == (422, [query.split("=")[0]])


def test_slow_agent_server_is_a_gateway_timeout(api, session, agent_server):
    agent_server.faults.fail_with = ServerTimedOut("slow")

    response = api.get(f"/api/v1/sessions/{session.pk}/history/")

    assert (response.status_code, response.json()["error"]["code"]) == (504, "agent_server_timed_out")


def test_several_slow_calls_are_bounded_together(api, session, conversation, agent_server, monkeypatch):
    monkeypatch.setattr(patience, "LONGEST_SECONDS", 0.3)
    agent_server.lose_thread(session.pk)
    # Reading, restoring and reading again: each in time, all three not.
    agent_server.faults.latency = 0.2

    response = api.get(conversation)

    assert (response.status_code, response.json()["error"]["code"]) == (504, "agent_server_timed_out")
