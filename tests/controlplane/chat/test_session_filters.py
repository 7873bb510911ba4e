"""Narrowing and ordering the list of sessions: by status, model, tag and date, page by page."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from controlplane.chat.models import ChatSession

LIST = "/api/v1/sessions/"


def make(user, title: str, *, day: int, **fields: object) -> ChatSession:
    """A session that was made and last changed at noon of a day in March."""
    made = ChatSession.objects.create(user=user, title=title, **fields)
    noon = datetime(2026, 3, day, 12, tzinfo=UTC)
    ChatSession.objects.filter(pk=made.pk).update(created_at=noon, updated_at=noon)
    return made


@pytest.fixture
def four(user, stranger) -> None:
    """Sessions that differ in everything one can ask for, and somebody else's with all of it."""
    make(user, "apple", day=1, tags=["fruit", "red"], model_name="gpt-4o")
    make(user, "beet", day=2, tags=["red"], is_archived=True)
    make(user, "cherry", day=3, tags=["fruit"], is_pinned=True, model_name="gpt-4o")
    make(user, "date", day=4, is_active=False)
    make(user, "elder", day=5, tags=["fruit"], is_provisional=True)
    make(stranger, "fig", day=3, tags=["fruit", "red"], is_pinned=True, model_name="gpt-4o")


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("status=active", ["cherry", "apple"]),
        ("status=archived", ["beet"]),
        ("status=pinned", ["cherry"]),
        ("model=gpt-4o", ["cherry", "apple"]),
        ("model=gpt", []),
        ("tag=fruit", ["cherry", "apple"]),
        ("tag=%20FRUIT%20", ["cherry", "apple"]),
        ("tag=fru", []),
        ("tag=apple", []),
        ("tag=red&model=gpt-4o&status=active&search=PP", ["apple"]),
        ("created_after=2026-03-02T12:00:00Z", ["date", "cherry", "beet"]),
        ("created_before=2026-03-02T12:00:00Z", ["apple"]),
        ("updated_after=2026-03-02T12:00:00Z&updated_before=2026-03-04T12:00:00Z", ["cherry", "beet"]),
        ("ordering=title", ["apple", "beet", "cherry", "date"]),
        ("ordering=-title", ["date", "cherry", "beet", "apple"]),
        ("ordering=created_at", ["apple", "beet", "cherry", "date"]),
        ("ordering=-created_at", ["date", "cherry", "beet", "apple"]),
        ("ordering=updated_at&tag=red", ["apple", "beet"]),
    ],
)
def test_list_is_narrowed_and_ordered(api, four, query, titles):
    response = api.get(f"{LIST}?{query}")

    assert [row["title"] for row in response.json()["results"]] == titles


@pytest.mark.parametrize(
    "query",
    [
        "status=deleted",
        "ordering=user",
        "ordering=-total_cost",
        "created_after=yesterday",
        "updated_before=0001-01-01T00:00:00%2B14:00",
        "created_before=9999-12-31T23:59:59-14:00",
        "tag=%00",
        "tag=%20",
        "model=%00",
        "tag=" + "x" * 41,
    ],
)
def test_wrong_filter_is_named(api, four, query):
    response = api.get(f"{LIST}?{query}")

    assert (response.status_code, list(response.json()["error"]["fields"])) == (422, [query.split("=")[0]])


@pytest.mark.parametrize(
    "ordering", ["-updated_at", "updated_at", "-created_at", "created_at", "title", "-title"]
)
def test_pages_of_every_order_hold_every_row_once(api, user, ordering):
    for number in range(7):
        make(user, f"title {number // 3}", day=1 + number // 3)
    seen, address = [], f"{LIST}?limit=2&ordering={ordering}"
    while address:
        page = api.get(address).json()
        seen += [row["id"] for row in page["results"]]
        address = page["next"]

    sign = "-" if ordering.startswith("-") else ""
    expected = ChatSession.objects.order_by(ordering, f"{sign}pk").values_list("pk", flat=True)
    assert seen == [str(key) for key in expected]


@pytest.mark.parametrize("rows", [3, 30])
def test_page_and_detail_cost_the_same_for_many_rows(api, user, rows):
    for number in range(rows):
        made = make(user, f"title {number}", day=1, tags=["fruit"])
    for address, cost in ((f"{LIST}?limit=100&tag=fruit", 3), (f"{LIST}{made.pk}/", 3)):
        with CaptureQueriesContext(connection) as queries:
            assert api.get(address).status_code == 200
        assert len(queries) == cost, address
