"""Users see and erase what the agent remembers of them, and nothing of anybody else."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

NAMES = [str(UUID(int=number)) for number in range(1, 4)]


@pytest.fixture
def remembered(user, stranger, agent_server):
    """Three memories of the user's, and one of somebody else's."""
    for number, name in enumerate(NAMES, start=1):
        value = {"text": f"Fact {number}", "at": datetime(2026, 11, number, tzinfo=UTC)}
        agent_server.leave_item(("users", str(user.pk), "memories"), name, value)
    agent_server.leave_item(("users", str(stranger.pk), "memories"), NAMES[0], {"text": "Another's"})


def test_pages_are_newest_first_and_stay_right_while_one_goes(remembered, api):
    first = api.get("/api/v1/memories/", {"limit": 2}).json()
    assert [entry["text"] for entry in first["results"]] == ["Fact 3", "Fact 2"]

    assert api.delete(f"/api/v1/memories/{NAMES[1]}/").status_code == 204

    second = api.get(first["next"]).json()
    assert [entry["text"] for entry in second["results"]] == ["Fact 1"]
    assert second["next"] is None


def test_all_go_and_others_stay(remembered, api, stranger_api):
    assert api.delete("/api/v1/memories/").status_code == 204

    assert api.get("/api/v1/memories/").json() == {"results": [], "next": None}
    assert [entry["text"] for entry in stranger_api.get("/api/v1/memories/").json()["results"]] == [
        "Another's"
    ]


def test_anothers_is_not_found_and_stays(remembered, user, stranger_api, api):
    response = stranger_api.delete(f"/api/v1/memories/{NAMES[2]}/")

    assert (response.status_code, response.json()["error"]["code"]) == (404, "not_found")
    assert len(api.get("/api/v1/memories/").json()["results"]) == 3


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": 0}, "limit"),
        ({"cursor": "x"}, "cursor"),
        ({"cursor": "\x00"}, "cursor"),
        ({"cursor": "ä"}, "cursor"),
    ],
)
def test_odd_pages_are_refused_by_name(remembered, api, query, field):
    response = api.get("/api/v1/memories/", query)

    assert response.status_code in (400, 422)
    assert field in response.json()["error"]["fields"]
