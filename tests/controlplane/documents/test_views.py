"""Documents over REST: uploaded within bounds, listed by wish, changed by version, gone with their files."""

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from controlplane.api.models import IdempotentCreation
from controlplane.chat.models import ChatSession
from controlplane.documents.models import UserDocument
from tests.controlplane.conftest import signed_in
from tests.controlplane.documents.files import a_file, kept_files, upload
from tests.controlplane.in_parallel import in_parallel

LIST = "/api/v1/documents/"


def send(api: APIClient, *, file=None, key: str | None = None, **said: object):
    headers = {"HTTP_IDEMPOTENCY_KEY": key} if key else {}
    return api.post(LIST, {"file": a_file() if file is None else file, **said}, format="multipart", **headers)


def address(document: UserDocument) -> str:
    return f"{LIST}{document.pk}/"


def test_upload_is_kept(api, user):
    session = ChatSession.objects.create(user=user)

    response = send(api, session=str(session.pk), category="research", tags=["tea", "japan"])

    document = UserDocument.objects.get()
    assert response.status_code == 201
    assert response.json() == {
        "id": str(document.pk),
        "session": str(session.pk),
        "file_name": "tea.txt",
        "file_size": 12,
        "file_type": "text/plain",
        "category": "research",
        "tags": ["tea", "japan"],
        "processing_status": "pending",
        "error_message": "",
        "vector_collection_name": "",
        "chunk_count": 0,
        "is_active": True,
        "created_at": response.json()["created_at"],
        "updated_at": response.json()["updated_at"],
        "processed_at": None,
    }
    (path,) = kept_files()
    assert path.read_bytes() == b"Tea is good."
    assert path.name == document.file.name.split("/")[-1] != "tea.txt"


def test_browser_may_upload_with_its_session(user, client):
    client.force_login(user)
    assert client.post(LIST, {"file": a_file()}).status_code == 201


@pytest.mark.parametrize("size", [1, 1_500_000], ids=["small", "above-the-usual-limit"])
def test_file_of_any_size_within_the_limit_is_taken(api, settings, size):
    settings.MAX_DOCUMENT_SIZE_MB = 2
    assert send(api, file=a_file(content=b"x" * size)).status_code == 201
    assert [path.stat().st_size for path in kept_files()] == [size]


@pytest.mark.parametrize(
    ("size", "status", "code"),
    [
        pytest.param(1_000_001, 422, "file_size_not_allowed", id="little-too-much"),
        pytest.param(1_200_000, 413, "body_too_large", id="too-much-to-read"),
    ],
)
def test_larger_file_is_refused(api, settings, size, status, code):
    settings.MAX_DOCUMENT_SIZE_MB = 1

    response = send(api, file=a_file(content=b"x" * size))

    assert (response.status_code, response.json()["error"]["code"]) == (status, code)
    assert not UserDocument.objects.exists()
    assert kept_files() == []


def test_other_addresses_take_no_more_than_before(api, user):
    body = {"category": "x" * 1_200_000}
    for method, path in (("patch", address(upload(user))), ("post", "/api/v1/sessions/")):
        assert getattr(api, method)(path, body).json()["error"]["code"] == "body_too_large"


@pytest.mark.parametrize(
    ("said", "field"),
    [
        pytest.param({"file": ""}, "file", id="no-file"),
        pytest.param({"file": "text"}, "file", id="text-for-file"),
        pytest.param({"session": "x"}, "session", id="no-uuid"),
        pytest.param({"session": str(uuid.uuid4())}, "session", id="unknown-session"),
        pytest.param({"category": "x" * 51}, "category", id="long-category"),
        pytest.param({"category": "a\x00"}, "category", id="nul"),
        pytest.param({"tags": ["x" * 51]}, "tags.0", id="long-tag"),
        pytest.param({"tags": [str(number) for number in range(21)]}, "tags", id="many-tags"),
    ],
)
def test_wrong_field_is_named(api, said, field):
    response = api.post(LIST, {"file": a_file(), **said}, format="multipart")

    assert (response.status_code, list(response.json()["error"]["fields"])) == (422, [field])
    assert not UserDocument.objects.exists()
    assert kept_files() == []


def test_empty_file_is_refused(api):
    assert list(send(api, file=a_file(content=b"")).json()["error"]["fields"]) == ["file"]


def test_session_of_another_user_is_unknown(api, stranger):
    session = ChatSession.objects.create(user=stranger)

    assert list(send(api, session=str(session.pk)).json()["error"]["fields"]) == ["session"]
    assert kept_files() == []


@pytest.mark.parametrize(
    ("content_type", "body", "status", "code"),
    [
        pytest.param("application/json", "{}", 415, "unsupported_media_type", id="json"),
        pytest.param("multipart/form-data", "x", 400, "malformed_form", id="no-boundary"),
        pytest.param("multipart/form-data; boundary=x", "x", 422, "validation_failed", id="no-parts"),
    ],
)
def test_body_that_is_no_form_is_refused(api, content_type, body, status, code):
    response = api.generic("POST", LIST, body, content_type=content_type)

    assert (response.status_code, response.json()["error"]["code"]) == (status, code)


def test_room_is_limited(api, user, settings):
    settings.MAX_STORAGE_MB_PER_USER = 1
    upload(user, content=b"x" * 700_000)

    response = send(api, file=a_file(content=b"x" * 300_001))

    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (409, "storage_full")
    assert error["details"] == {
        "limit_bytes": 1_000_000,
        "used_bytes": 700_000,
        "wanted_bytes": 300_001,
    }
    assert len(kept_files()) == 1
    assert send(api, file=a_file(content=b"x" * 300_000)).status_code == 201


@pytest.mark.django_db(transaction=True)
def test_of_parallel_uploads_only_so_many_are_kept_as_there_is_room_for(user, settings):
    settings.MAX_STORAGE_MB_PER_USER = 1

    def one(number: int) -> int:
        return send(signed_in(user), file=a_file(content=b"x" * 400_000)).status_code

    assert sorted(in_parallel(5, one)) == [201, 201, 409, 409, 409]
    assert UserDocument.objects.count() == len(kept_files()) == 2


def test_repeat_with_the_same_key_keeps_one_file(api):
    first, second = send(api, key="k"), send(api, key="k")

    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json() == first.json()
    assert second.headers["Idempotent-Replayed"] == "true"
    assert len(kept_files()) == UserDocument.objects.count() == 1


def test_other_file_under_the_same_key_is_refused(api):
    send(api, key="k")
    response = send(api, key="k", file=a_file(content=b"Coffee is good."[:12]))

    assert (response.status_code, response.json()["error"]["code"]) == (409, "idempotency_key_reused")
    assert len(kept_files()) == 1


def test_refused_upload_leaves_no_key(api, settings):
    settings.MAX_DOCUMENT_SIZE_MB = 1
    send(api, key="k", file=a_file(content=b"x" * 1_000_001))

    assert not IdempotentCreation.objects.exists()
    assert send(api, key="k").status_code == 201


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
