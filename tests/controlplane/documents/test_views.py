"""Documents over REST: listed by what is asked, changed by version, gone with their files."""

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from controlplane.chat.models import ChatSession
from controlplane.documents.models import UserDocument
from tests.controlplane.documents.files import kept_files, upload

LIST = "/api/v1/documents/"


def address(document: UserDocument) -> str:
    return f"{LIST}{document.pk}/"


@pytest.fixture
def shelf(user, stranger) -> dict[str, UserDocument]:
    """Documents that differ in all that can be asked for."""
    session = ChatSession.objects.create(user=user)
    made = {
        "plain": upload(user, "plain.txt"),
        "tagged": upload(user, "tagged.txt", tags=["tea", "japan"], category="research"),
        "of-session": upload(user, "session.txt", session_id=session.pk),
        "failed": upload(user, "failed.txt"),
        "off": upload(user, "off.txt"),
        "old": upload(user, "old.txt"),
    }
    upload(stranger, "foreign.txt", tags=["tea"], category="research")
    made["failed"].mark_processing_failed("no text")
    UserDocument.objects.filter(pk=made["off"].pk).update(is_active=False, file_type="application/pdf")
    UserDocument.objects.filter(pk=made["old"].pk).update(created_at=timezone.now() - timedelta(days=9))
    return made


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("status=failed", ["failed"]),
        ("tag=tea", ["tagged"]),
        ("tag=te", []),
        ("category=research", ["tagged"]),
        ("type=application/pdf", ["off"]),
        ("active=false", ["off"]),
        ("active=true&tag=japan&category=research", ["tagged"]),
        ("session={session}", ["of-session"]),
        ("created_before={yesterday}", ["old"]),
        ("created_after={yesterday}", ["failed", "of-session", "off", "plain", "tagged"]),
        ("session=00000000-0000-4000-8000-000000000000", []),
    ],
)
def test_list_is_narrowed(api, shelf, query, found):
    yesterday = (timezone.now() - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    said = query.format(session=shelf["of-session"].chat_session_id, yesterday=yesterday)
    names = {str(document.pk): name for name, document in shelf.items()}

    page = api.get(f"{LIST}?{said}").json()

    assert sorted(names[row["id"]] for row in page["results"]) == found


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("status=perhaps", "status"),
        ("session=x", "session"),
        ("active=maybe", "active"),
        ("tag=" + "x" * 51, "tag"),
        ("tag=%00", "tag"),
        ("created_after=yesterday", "created_after"),
        ("ordering=user", "ordering"),
        ("limit=0", "limit"),
        ("cursor=x", "cursor"),
    ],
)
def test_wrong_filter_is_named(api, query, field):
    response = api.get(f"{LIST}?{query}")

    assert (response.status_code, list(response.json()["error"]["fields"])) == (422, [field])


def test_pages_follow_the_order_asked_for(api, user):
    for name in ("c", "a", "d", "b", "a"):
        upload(user, name)

    names, page = [], api.get(f"{LIST}?ordering=file_name&limit=2").json()
    while True:
        names += [row["file_name"] for row in page["results"]]
        if page["next"] is None:
            break
        page = api.get(page["next"]).json()

    assert names == ["a", "a", "b", "c", "d"]


@pytest.mark.parametrize("count", [3, 30])
def test_a_page_costs_one_query(api, user, count):
    for _ in range(count):
        upload(user)
    with CaptureQueriesContext(connection) as queries:
        assert len(api.get(f"{LIST}?limit=100").json()["results"]) == count
    assert len(queries) == 2  # the caller, and the page


def test_one_document_costs_one_query(api, user):
    document = upload(user)
    with CaptureQueriesContext(connection) as queries:
        assert api.get(address(document)).json()["file_name"] == "tea.txt"
    assert len(queries) == 2


def test_change_says_anew_what_is_named_and_leaves_the_rest(api, user):
    session = ChatSession.objects.create(user=user)
    document = upload(user, category="research", tags=["tea"])

    response = api.patch(
        address(document), {"is_active": False, "tags": ["coffee"], "session": str(session.pk)}
    )

    assert response.status_code == 200
    document.refresh_from_db()
    assert (document.is_active, document.tags, document.category, document.chat_session) == (
        False,
        ["coffee"],
        "research",
        session,
    )
    assert api.patch(address(document), {"session": None}).json()["session"] is None


def test_change_of_an_older_version_is_refused(api, user):
    document = upload(user)
    etag = api.get(address(document)).headers["ETag"]
    assert api.patch(address(document), {"category": "first"}, headers={"If-Match": etag}).status_code == 200

    response = api.patch(address(document), {"category": "second"}, headers={"If-Match": etag})

    assert (response.status_code, response.json()["error"]["code"]) == (412, "changed_meanwhile")
    document.refresh_from_db()
    assert document.category == "first"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        pytest.param({"is_active": "perhaps"}, "is_active", id="boolean"),
        pytest.param({"is_active": None}, "is_active", id="null"),
        pytest.param({"category": 7}, "category", id="number"),
        pytest.param({"tags": "tea"}, "tags", id="no-list"),
        pytest.param({"tags": [None]}, "tags.0", id="null-tag"),
        pytest.param({"session": str(uuid.uuid4())}, "session", id="unknown-session"),
    ],
)
def test_wrong_change_is_named_and_changes_nothing(api, user, body, field):
    document = upload(user)
    before = UserDocument.objects.filter(pk=document.pk).values().get()

    response = api.patch(address(document), body)

    assert (response.status_code, list(response.json()["error"]["fields"])) == (422, [field])
    assert UserDocument.objects.filter(pk=document.pk).values().get() == before


def test_what_is_not_the_users_to_say_is_left_alone(api, user):
    document = upload(user)
    body = {"processing_status": "completed", "file_name": "other", "file_size": 1, "chunk_count": 9}

    assert api.patch(address(document), body).status_code == 200
    document.refresh_from_db()
    assert (document.processing_status, document.file_name, document.file_size) == ("pending", "tea.txt", 4)


def test_deleting_takes_the_file_once_it_is_committed(api, user, django_capture_on_commit_callbacks):
    document, other = upload(user), upload(user)
    with django_capture_on_commit_callbacks() as callbacks:
        assert api.delete(address(document)).status_code == 204
    assert len(kept_files()) == 2

    for callback in callbacks:
        callback()

    assert [path.name for path in kept_files()] == [other.file.name.split("/")[-1]]
    assert list(UserDocument.objects.all()) == [other]
    assert api.delete(address(document)).status_code == 404
