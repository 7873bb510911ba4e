"""Exports over REST: one at a time, followed, fetched while the file is there, deleted with it."""

from datetime import timedelta

import httpx
import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from controlplane.accounts.api_tokens import issue_refresh_token
from controlplane.accounts.personal_tokens import personal_token_create
from controlplane.audit.models import AuditEntry
from controlplane.takeout.models import AccountExport
from controlplane.takeout.services import export_request, exports_forget
from controlplane.takeout.staging import Staging
from tests.controlplane.documents.files import kept_files
from tests.controlplane.in_parallel import in_parallel
from tests.controlplane.served import served_here


def test_second_request_finds_the_one_that_is_being_made(api):
    first, second = (api.post("/api/v1/exports/") for _ in range(2))

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] == second.json()["id"]
    assert first.json() | {"id": "", "created_at": ""} == {
        "id": "",
        "status": "pending",
        "pieces_done": 0,
        "pieces_total": None,
        "size_bytes": 0,
        "error_code": "",
        "created_at": "",
        "finished_at": None,
        "expires_at": None,
    }
    assert AuditEntry.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_requests_at_the_same_time_make_one(user):
    found = in_parallel(5, lambda _: export_request(owner_id=user.pk).pk)

    assert len(set(found)) == 1
    assert AccountExport.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_file_is_fetched_by_its_owner_and_that_is_on_record(user, make_export):
    export = make_export(user)
    token = str(issue_refresh_token(user).access_token)

    with served_here() as url:
        response = httpx.get(
            f"{url}/api/v1/exports/{export.pk}/file/", headers={"Authorization": f"Bearer {token}"}
        )

    assert response.status_code == 200
    assert response.content == Staging(export.pk).file.read_bytes()
    assert response.headers["Content-Length"] == str(export.size_bytes)
    assert response.headers["Content-Type"] == "application/zip"
    assert response.headers["Cache-Control"] == "private, no-store"
    assert [entry.changes for entry in AuditEntry.objects.order_by("at")][-1] == {"fetched": [False, True]}


def test_strangers_file_is_not_found(stranger_api, user, make_export):
    export = make_export(user)
    before = AuditEntry.objects.count()

    for address in ("", "file/"):
        assert stranger_api.get(f"/api/v1/exports/{export.pk}/{address}").status_code == 404
    assert stranger_api.delete(f"/api/v1/exports/{export.pk}/").status_code == 404
    assert stranger_api.get("/api/v1/exports/").json()["results"] == []
    assert (AuditEntry.objects.count(), len(kept_files())) == (before, 1)


@pytest.mark.parametrize(
    ("status", "answer", "code"),
    [
        pytest.param("pending", 409, "export_not_ready", id="waiting"),
        pytest.param("failed", 409, "export_not_ready", id="failed"),
        pytest.param("expired", 410, "export_expired", id="expired"),
        pytest.param("ready", 410, "export_expired", id="lost"),
    ],
)
def test_file_that_is_not_there(api, user, status, answer, code):
    export = AccountExport.objects.create(user=user, status=status)

    response = api.get(f"/api/v1/exports/{export.pk}/file/")

    assert (response.status_code, response.json()["error"]["code"]) == (answer, code)


def test_deleting_takes_the_file_along(api, user, make_export, django_capture_on_commit_callbacks):
    export = make_export(user)

    with django_capture_on_commit_callbacks(execute=True):
        assert api.delete(f"/api/v1/exports/{export.pk}/").status_code == 204
    assert kept_files() == []
    assert not AccountExport.objects.exists()


@pytest.mark.parametrize(
    ("method", "path"),
    [("post", "exports/"), ("get", "exports/"), ("get", "exports/{id}/"), ("get", "exports/{id}/file/")],
)
def test_scripts_token_opens_none_of_it(user, method, path):
    export = AccountExport.objects.create(
        user=user, status="ready", expires_at=timezone.now() + timedelta(days=1)
    )
    _, secret = personal_token_create(owner_id=user.pk, name="All", scopes=["read", "write", "agent"])
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")

    response = getattr(client, method)(f"/api/v1/{path.format(id=export.pk)}")

    assert (response.status_code, response.json()["error"]["code"]) == (403, "personal_token_not_allowed")
    assert AccountExport.objects.count() == 1


def test_account_that_goes_takes_its_exports_along(user, make_export):
    make_export(user)

    assert exports_forget(owner_id=user.pk) == 1
    assert kept_files() == []
