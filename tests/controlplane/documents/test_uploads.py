"""Uploads are kept whole or not at all: within bounds, within the room there is, once per key."""

import uuid

import pytest
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
        "processing_stage": "",
        "page_count": 0,
        "embedded_count": 0,
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
