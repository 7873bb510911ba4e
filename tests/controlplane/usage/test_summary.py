"""Usage added up: a user's own, settled, within days, by what they ask for."""

from datetime import UTC, datetime, timedelta

import pytest

from controlplane.chat.models import ChatSession
from controlplane.provider_keys.models import UserAPIKey
from controlplane.usage import selectors
from controlplane.usage.models import TokenUsage

URL = "/api/v1/usage/summary/"
MARCH = {"from": "2026-03-01", "to": "2026-03-31"}
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def session(user) -> ChatSession:
    return ChatSession.objects.create(user=user, title="Tea")


@pytest.fixture
def calls(user, stranger, session):
    """Two days of two models; beside them what must not be counted."""

    def call(**fields) -> None:
        given = {"user": user, "model_name": "a", "prompt_tokens": 100, "completion_tokens": 10}
        TokenUsage.objects.create(**{**given, "created_at": NOON, **fields})

    call(chat_session=session, prompt_cost=1, completion_cost=1, total_cost=2, is_priced=True)
    call(outcome="failed", total_cost=1, is_priced=True)
    call(model_name="b", request_type="title", created_at=NOON + timedelta(days=2))
    call(state="pending", outcome="unknown")
    call(user=stranger)
    call(created_at=NOON - timedelta(days=1))
    call(created_at=NOON + timedelta(days=31))


def sums(calls: int, cost: str | None, *, failed: int = 0, unpriced: int = 0) -> dict[str, object]:
    return {
        "calls": calls,
        "failed_calls": failed,
        "unpriced_calls": unpriced,
        "prompt_tokens": 100 * calls,
        "completion_tokens": 10 * calls,
        "total_tokens": 110 * calls,
        "total_cost": cost,
    }


def test_days_come_in_order(api, calls):
    answer = api.get(URL, MARCH)

    assert answer.json() == {
        "group_by": "day",
        **MARCH,
        "results": [
            {"key": "2026-03-01", "label": "2026-03-01", **sums(2, "3.000000000", failed=1)},
            {"key": "2026-03-03", "label": "2026-03-03", **sums(1, None, unpriced=1)},
        ],
        "total": sums(3, "3.000000000", failed=1, unpriced=1),
        "is_truncated": False,
    }


@pytest.mark.parametrize(
    ("group_by", "expected"),
    [
        pytest.param("model", [("a", "a", 2), ("b", "b", 1)], id="model"),
        pytest.param("request_type", [("chat", "chat", 2), ("title", "title", 1)], id="request-type"),
    ],
)
def test_groups_come_with_the_dearest_first(api, calls, group_by, expected):
    answer = api.get(URL, {**MARCH, "group_by": group_by}).json()

    assert [(row["key"], row["label"], row["calls"]) for row in answer["results"]] == expected


def test_sessions_are_named_and_calls_of_none_are_together(api, calls, session):
    answer = api.get(URL, {**MARCH, "group_by": "session"}).json()

    assert [(row["key"], row["label"], row["calls"]) for row in answer["results"]] == [
        (str(session.pk), "Tea", 1),
        (None, "", 2),
    ]


@pytest.mark.parametrize("group_by", ["payer", "provider_key"])
def test_calls_on_own_keys_are_told_from_those_that_the_house_pays(api, user, calls, group_by):
    key = UserAPIKey.objects.create(user=user, provider="openai", key_name="Mine")
    TokenUsage.objects.create(
        user=user, model_name="a", provider_key=key, created_at=NOON, total_cost=5, is_priced=True
    )
    answer = api.get(URL, {**MARCH, "group_by": group_by}).json()

    assert [(row["key"], row["label"], row["calls"], row["total_cost"]) for row in answer["results"]] == {
        "payer": [("own_key", "own_key", 1, "5.000000000"), ("house", "house", 3, "3.000000000")],
        "provider_key": [(str(key.pk), "Mine", 1, "5.000000000"), (None, "", 3, "3.000000000")],
    }[group_by]


def test_groups_are_bounded_and_the_total_is_whole(api, calls, monkeypatch):
    monkeypatch.setattr(selectors, "MOST_GROUPS", 1)
    answer = api.get(URL, {**MARCH, "group_by": "model"}).json()

    assert ([row["key"] for row in answer["results"]], answer["is_truncated"]) == (["a"], True)
    assert answer["total"]["calls"] == 3


def test_last_thirty_days_are_taken_when_none_are_named(api, user):
    TokenUsage.objects.create(user=user, model_name="a", prompt_tokens=1)
    answer = api.get(URL).json()

    days = datetime.fromisoformat(answer["to"]) - datetime.fromisoformat(answer["from"])
    assert (days.days, answer["total"]["calls"]) == (29, 1)


def test_nothing_adds_up_to_nothing(api):
    answer = api.get(URL, MARCH).json()

    assert (answer["results"], answer["total"]) == ([], sums(0, None))


def test_stranger_s_sums_are_their_own(stranger_api, calls):
    assert stranger_api.get(URL, MARCH).json()["total"]["calls"] == 1


def test_days_begin_where_the_house_is(api, calls, settings):
    settings.TIME_ZONE = "Pacific/Auckland"
    answer = api.get(URL, MARCH).json()

    assert [row["key"] for row in answer["results"]] == ["2026-03-01", "2026-03-02", "2026-03-04"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        pytest.param({"from": "2026-03-02", "to": "2026-03-01"}, "to", id="backwards"),
        pytest.param({"from": "2025-01-01", "to": "2026-03-01"}, "from", id="too-long"),
        pytest.param({"from": "0001-01-01"}, "from", id="too-early"),
        pytest.param({"to": "9999-12-31"}, "to", id="too-late"),
        pytest.param({"from": "yesterday"}, "from", id="no-day"),
        pytest.param({"to": "2026-03-01\x00"}, "to", id="null-character"),
        pytest.param({"group_by": "user"}, "group_by", id="no-group"),
    ],
)
def test_refusal_names_the_field(api, query, field):
    answer = api.get(URL, query)

    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (422, [field])


@pytest.mark.parametrize("rows", [3, 30])
def test_queries_are_the_same_for_any_number_of_rows(api, user, rows, django_assert_num_queries):
    TokenUsage.objects.bulk_create(TokenUsage(user=user, model_name=f"m{number}") for number in range(rows))
    with django_assert_num_queries(3):  # the caller and their zone and the groups
        assert len(api.get(URL, {"group_by": "model"}).json()["results"]) == rows
