"""Every resource of a user's behaves alike: found by owner, in pages, changed and deleted by service."""

import uuid

import pytest

from controlplane.chat.models import ChatSession
from tests.controlplane.api.notes import NOTES

pytestmark = pytest.mark.urls("tests.controlplane.api.notes")


@pytest.fixture
def note(user) -> ChatSession:
    return ChatSession.objects.create(user=user, title="Tea")


def address(note_id: object) -> str:
    return f"{NOTES}{note_id}/"


def test_created_row_is_shown_with_its_version(api, user):
    response = api.post(NOTES, {"title": "Tea"})

    made = ChatSession.objects.get()
    assert (response.status_code, made.user) == (201, user)
    assert response.json() == {
        "id": str(made.pk),
        "title": "Tea",
        "is_pinned": False,
        "message_count": 0,
    }
    assert response.headers["ETag"] == api.get(address(made.pk)).headers["ETag"]


def test_list_holds_the_callers_rows_that_fit(api, user, stranger):
    for owner in (user, stranger):
        for is_pinned in (True, False):
            ChatSession.objects.create(user=owner, title=f"{owner} {is_pinned}", is_pinned=is_pinned)

    def listed(query: str) -> list[str]:
        return [row["title"] for row in api.get(f"{NOTES}?{query}").json()["results"]]

    assert listed("is_pinned=true") == [f"{user} True"]
    assert sorted(listed("")) == [f"{user} False", f"{user} True"]


@pytest.mark.parametrize("count", [3, 30])
def test_cost_does_not_grow_with_rows(api, user, count, django_assert_num_queries):
    ChatSession.objects.bulk_create(ChatSession(user=user) for _ in range(count))
    with django_assert_num_queries(2):
        assert len(api.get(f"{NOTES}?limit=100").json()["results"]) == count


@pytest.mark.parametrize(
    ("method", "body"), [("get", None), ("patch", {"title": "Mine"}), ("delete", None)], ids=str
)
@pytest.mark.parametrize("of", ["stranger", "nobody"])
def test_what_is_not_the_callers_is_not_found(stranger_api, note, method, body, of):
    where = address(note.pk if of == "stranger" else uuid.uuid4())

    response = getattr(stranger_api, method)(where, body)

    assert (response.status_code, response.json()["error"]["code"]) == (404, "not_found")
    assert list(ChatSession.objects.values_list("title", flat=True)) == ["Tea"]


def test_change_leaves_what_is_not_named(api, note):
    response = api.patch(address(note.pk), {"is_pinned": True})

    assert (response.json()["title"], response.json()["is_pinned"]) == ("Tea", True)
    assert api.get(address(note.pk)).headers["ETag"] == response.headers["ETag"]


@pytest.mark.parametrize("body", [{"title": ""}, {"is_pinned": "perhaps"}, {"title": "x" * 201}])
def test_wrong_change_names_the_field(api, note, body):
    response = api.patch(address(note.pk), body)

    assert (response.status_code, list(response.json()["error"]["fields"])) == (422, list(body))
    note.refresh_from_db()
    assert (note.title, note.is_pinned) == ("Tea", False)


def test_deleted_row_is_gone(api, note):
    response = api.delete(address(note.pk))

    assert (response.status_code, response.content) == (204, b"")
    assert api.delete(address(note.pk)).status_code == 404


@pytest.mark.parametrize(
    ("method", "where", "allowed"),
    [
        pytest.param("put", "{note}", "DELETE, GET, PATCH", id="put"),
        pytest.param("delete", "", "GET, POST", id="delete-all"),
        pytest.param("post", "{note}", "DELETE, GET, PATCH", id="post-to-one"),
    ],
)
def test_other_methods_are_named(api, note, method, where, allowed):
    response = getattr(api, method)(NOTES + where.format(note=f"{note.pk}/"), {})

    assert response.status_code == 405
    assert ", ".join(sorted(set(response.headers["Allow"].split(", ")) - {"HEAD", "OPTIONS"})) == allowed
