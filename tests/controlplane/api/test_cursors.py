"""A cursor is a place in one order of one list; any other text does no harm."""

import base64
import json
import uuid
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from rest_framework.exceptions import ValidationError

from controlplane.api.cursors import Position, decode_cursor, encode_cursor
from controlplane.chat.models import ChatSession
from tests.controlplane.api.notes import NOTES

KEY = uuid.UUID("11111111-1111-4111-8111-111111111111")
ORDERS = ["-created_at", "title", "message_count", "-total_cost"]


def forged(*parts: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("ordering", "value"),
    [
        pytest.param("-created_at", datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC), id="time"),
        pytest.param("title", 'Tea & "cake"\n€', id="text"),
        pytest.param("title", "", id="empty-text"),
        pytest.param("message_count", 7, id="number"),
        pytest.param("-total_cost", Decimal("0.000000001"), id="decimal"),
        pytest.param("is_pinned", True, id="boolean"),
    ],
)
def test_position_comes_back(ordering, value):
    position = Position(ordering=ordering, value=value, key=KEY)

    assert decode_cursor(encode_cursor(position), ordering=ordering, model=ChatSession) == position


@pytest.mark.parametrize(
    "cursor",
    [
        pytest.param("x", id="short"),
        pytest.param("é", id="not-ascii"),
        pytest.param("////", id="no-json"),
        pytest.param(forged(), id="empty"),
        pytest.param(forged("title", "x"), id="two-parts"),
        pytest.param(forged("title", "x", str(KEY), 1), id="four-parts"),
        pytest.param(forged("-title", "x", str(KEY)), id="other-order"),
        pytest.param(forged(["title"], "x", str(KEY)), id="list-for-order"),
        pytest.param(forged("title", 7, str(KEY)), id="number-for-text"),
        pytest.param(forged("title", None, str(KEY)), id="null"),
        pytest.param(forged("title", "a\x00", str(KEY)), id="nul"),
        pytest.param(forged("title", "\ud800", str(KEY)), id="half-a-character"),
        pytest.param(forged("title", "x", "y"), id="no-key"),
        pytest.param(forged("title", "x", None), id="null-key"),
    ],
)
def test_other_text_is_no_cursor(cursor):
    with pytest.raises(ValidationError) as refusal:
        decode_cursor(cursor, ordering="title", model=ChatSession)

    assert list(refusal.value.detail) == ["cursor"]


@pytest.mark.urls("tests.controlplane.api.notes")
@pytest.mark.parametrize("ordering", ORDERS)
@pytest.mark.parametrize(
    "value",
    [
        pytest.param("", id="empty"),
        pytest.param("x" * 9000, id="long"),
        pytest.param("-1", id="negative"),
        pytest.param("9" * 30, id="huge"),
        pytest.param("9" * 5000, id="endless"),
        pytest.param("1e999", id="beyond"),
        pytest.param("1e999999", id="far-beyond"),
        pytest.param("1e-999999", id="next-to-nothing"),
        pytest.param("NaN", id="nan"),
        pytest.param("Infinity", id="infinity"),
        pytest.param("0001-01-01T00:00:00+14:00", id="before-all-time"),
        pytest.param("\ud800", id="half-a-character"),
        pytest.param("a\x00", id="nul"),
    ],
)
def test_forged_value_is_refused_or_finds_its_place(api, user, ordering, value):
    ChatSession.objects.create(user=user)

    response = api.get(NOTES, {"ordering": ordering, "cursor": forged(ordering, value, str(KEY))})

    assert response.status_code in {200, 422}, response.content
    if response.status_code == 422:
        assert list(response.json()["error"]["fields"]) == ["cursor"]


@pytest.mark.urls("tests.controlplane.api.notes")
@pytest.mark.parametrize("ordering", ["-created_at", "title", "-title", "message_count", "-total_cost"])
def test_pages_hold_every_row_once_in_every_order(api, user, ordering):
    for number in range(7):
        ChatSession.objects.create(
            user=user, title=f"{number // 3}", message_count=number // 2, total_cost=Decimal(number // 4)
        )

    seen, address = [], f"{NOTES}?limit=2&ordering={ordering}"
    while address:
        page = api.get(address).json()
        seen += [row["id"] for row in page["results"]]
        address = page["next"]

    ties = "-pk" if ordering.startswith("-") else "pk"
    assert seen == [
        str(key) for key in ChatSession.objects.order_by(ordering, ties).values_list("pk", flat=True)
    ]


@pytest.mark.urls("tests.controlplane.api.notes")
def test_row_that_comes_meanwhile_moves_no_other(api, user):
    for number in range(3):
        ChatSession.objects.create(user=user, title=str(number))
    first = api.get(f"{NOTES}?limit=2&ordering=title").json()
    ChatSession.objects.create(user=user, title="!")

    second = api.get(first["next"]).json()

    assert [row["title"] for row in first["results"] + second["results"]] == ["0", "1", "2"]
