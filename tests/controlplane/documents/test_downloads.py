"""A file comes back to its owner as it was, to be kept and never shown."""

import httpx
import pytest

from controlplane.accounts.api_tokens import issue_refresh_token
from controlplane.documents.models import UserDocument
from tests.controlplane.documents.files import kept_files, upload
from tests.controlplane.served import served_here

CONTENT = bytes(range(256)) * 4000


def address(document: UserDocument) -> str:
    return f"/api/v1/documents/{document.pk}/file/"


@pytest.mark.django_db(transaction=True)
def test_file_comes_back_as_it_was(user, stranger, agent_server):
    document = upload(user, "Übersicht <1>.html", CONTENT)
    tokens = {one: str(issue_refresh_token(one).access_token) for one in (user, stranger)}
    with served_here() as url:
        mine, theirs = (
            httpx.get(url + address(document), headers={"Authorization": f"Bearer {tokens[one]}"})
            for one in (user, stranger)
        )
        nobody = httpx.get(url + address(document))

    assert (mine.status_code, mine.content) == (200, CONTENT)
    assert mine.headers["Content-Type"] == "application/octet-stream"
    assert mine.headers["Content-Length"] == str(len(CONTENT))
    assert mine.headers["X-Content-Type-Options"] == "nosniff"
    assert mine.headers["Content-Disposition"] == (
        "attachment; filename*=utf-8''%C3%9Cbersicht%20%3C1%3E.html"
    )
    assert mine.headers["Cache-Control"] == "private, no-store"
    assert (theirs.status_code, theirs.json()["error"]["code"]) == (404, "not_found")
    assert (nobody.status_code, nobody.json()["error"]["code"]) == (401, "not_authenticated")


def test_quotes_cannot_leave_the_name(api, user):
    document = upload(user, 'a";x="b.txt')
    response = api.get(address(document))

    assert response.headers["Content-Disposition"] == 'attachment; filename="a\\";x=\\"b.txt"'
    response.close()


def test_lost_file_is_said_to_be_missing(api, user):
    document = upload(user)
    (path,) = kept_files()
    path.unlink()

    response = api.get(address(document))

    assert (response.status_code, response.json()["error"]["code"]) == (404, "file_missing")


@pytest.mark.parametrize("accept", ["*/*", "application/octet-stream"])
def test_any_sensible_accept_will_do(api, user, accept):
    response = api.get(address(upload(user)), HTTP_ACCEPT=accept)

    assert response.status_code == 200
    response.close()
