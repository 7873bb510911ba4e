"""Two tabs cannot overwrite each other: a write from an older version is refused."""

import pytest

from controlplane.api.preconditions import etag_of
from controlplane.chat.models import ChatSession
from tests.controlplane.api.notes import NOTES
from tests.controlplane.conftest import signed_in
from tests.controlplane.in_parallel import in_parallel

pytestmark = pytest.mark.urls("tests.controlplane.api.notes")
OTHER = '"0123456789abcdef0123456789abcdef"'


@pytest.fixture
def note(user) -> ChatSession:
    return ChatSession.objects.create(user=user, title="Tea")


def address(note: ChatSession) -> str:
    return f"{NOTES}{note.pk}/"


def write(api, note: ChatSession, title: str, *, version: str | None = None):
    headers = {} if version is None else {"If-Match": version}
    return api.patch(address(note), {"title": title}, headers=headers)


def titles() -> list[str]:
    return list(ChatSession.objects.values_list("title", flat=True))


def test_second_tab_is_told_and_sees_what_is_there(api, note):
    one = two = api.get(address(note)).headers["ETag"]
    first = write(api, note, "Coffee", version=one)

    second = write(api, note, "Cocoa", version=two)

    error = second.json()["error"]
    assert (first.status_code, second.status_code, error["code"]) == (200, 412, "changed_meanwhile")
    assert error["details"] == {"etag": first.headers["ETag"]}
    assert titles() == ["Coffee"]
    assert write(api, note, "Cocoa", version=error["details"]["etag"]).status_code == 200


@pytest.mark.parametrize(
    "named",
    [
        pytest.param("{now}", id="strong"),
        pytest.param("W/{now}", id="weakened-by-a-proxy"),
        pytest.param(OTHER + ", {now}", id="one-of-two"),
        pytest.param("*", id="any"),
        pytest.param(None, id="no-header"),
    ],
)
def test_fitting_version_lets_the_write_through(api, note, named):
    now = api.get(address(note)).headers["ETag"]
    version = None if named is None else named.format(now=now)

    assert write(api, note, "Coffee", version=version).status_code == 200
    assert titles() == ["Coffee"]


@pytest.mark.parametrize(
    "version", [OTHER, f"W/{OTHER}", "", ",", "nonsense"], ids=["other", "weak", "empty", "comma", "no-tag"]
)
def test_other_version_stops_write_and_deletion(api, note, version):
    assert write(api, note, "Coffee", version=version).status_code == 412
    assert api.delete(address(note), headers={"If-Match": version}).status_code == 412
    assert titles() == ["Tea"]


def test_deletion_of_what_was_read_goes_through(api, note):
    now = api.get(address(note)).headers["ETag"]

    assert api.delete(address(note), headers={"If-Match": now}).status_code == 204
    assert titles() == []


def test_figures_that_change_by_themselves_are_no_new_version(api, note):
    before = api.get(address(note)).headers["ETag"]
    note.update_analytics(message_count=1, tokens_used=10)

    assert api.get(address(note)).headers["ETag"] == before


def test_version_tells_rows_and_values_apart(user):
    one, two = (ChatSession.objects.create(user=user, title="Tea") for _ in range(2))
    fields = ("title", "is_pinned")
    tags = {etag_of(one, fields), etag_of(two, fields), etag_of(one, ("title",))}
    one.is_pinned = True

    assert len({*tags, etag_of(one, fields)}) == 4
    assert all(tag[0] == tag[-1] == '"' for tag in tags)


@pytest.mark.django_db(transaction=True)
def test_of_parallel_writes_one_wins(user, note):
    version = signed_in(user).get(address(note)).headers["ETag"]

    answers = in_parallel(6, lambda number: write(signed_in(user), note, f"Cup {number}", version=version))

    winners = [answer.json()["title"] for answer in answers if answer.status_code == 200]
    assert sorted(answer.status_code for answer in answers) == [200, *[412] * 5]
    assert titles() == winners
