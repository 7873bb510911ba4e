"""The usage list: own rows only, filtered, page by page."""

import uuid
from decimal import Decimal

import pytest

from controlplane.chat.models import ChatSession
from controlplane.runs.models import Run
from controlplane.usage.models import TokenUsage


@pytest.fixture
def rows(user, stranger):
    session = ChatSession.objects.create(user=user)
    run = Run.objects.create(user=user, session=session, graph_id="agent", model_name="m")
    costs = TokenUsage.calculate_cost(model_name="gpt-4o", prompt_tokens=150, completion_tokens=75)
    of_run = TokenUsage.objects.create(
        user=user,
        chat_session=session,
        run=run,
        model_name="gpt-4o",
        prompt_tokens=150,
        completion_tokens=75,
        **costs,
    )
    other = TokenUsage.objects.create(user=user, model_name="no-such-model", prompt_tokens=1)
    TokenUsage.objects.create(user=stranger, model_name="gpt-4o", prompt_tokens=9)
    return of_run, other


def test_own_rows_come_newest_first(api, rows):
    of_run, other = rows
    answer = api.get("/api/v1/usage/")
    assert [row["id"] for row in answer.json()["results"]] == [str(other.pk), str(of_run.pk)]
    assert answer.json()["next"] is None


def test_row_says_what_was_used_and_what_it_cost(api, rows):
    of_run, _ = rows
    (row,) = api.get("/api/v1/usage/", {"run": of_run.run_id}).json()["results"]
    assert row["session_id"] == str(of_run.chat_session_id)
    assert row["run_id"] == str(of_run.run_id)
    assert (row["prompt_tokens"], row["completion_tokens"], row["total_tokens"]) == (150, 75, 225)
    assert Decimal(row["total_cost"]) == Decimal("0.001125")
    assert (row["state"], row["outcome"], row["is_priced"]) == ("settled", "finished", True)


def test_unknown_price_is_null(api, rows):
    row = api.get("/api/v1/usage/").json()["results"][0]
    assert (row["total_cost"], row["is_priced"]) == (None, False)


@pytest.mark.parametrize("name", ["session", "run"])
def test_filter_keeps_what_belongs(api, rows, name):
    of_run, _ = rows
    value = of_run.chat_session_id if name == "session" else of_run.run_id
    answer = api.get("/api/v1/usage/", {name: value})
    assert [row["id"] for row in answer.json()["results"]] == [str(of_run.pk)]


@pytest.mark.parametrize("name", ["session", "run"])
def test_another_user_s_rows_are_not_found_by_filter(stranger_api, rows, name):
    of_run, _ = rows
    value = of_run.chat_session_id if name == "session" else of_run.run_id
    assert stranger_api.get("/api/v1/usage/", {name: value}).json()["results"] == []


def test_pages_follow_each_other_without_gap(api, user):
    TokenUsage.objects.bulk_create(TokenUsage(user=user, model_name=f"m{n}") for n in range(5))
    seen, url = [], "/api/v1/usage/?limit=2"
    while url:
        page = api.get(url).json()
        seen += [row["id"] for row in page["results"]]
        url = page["next"]
    assert len(seen) == len(set(seen)) == 5


def test_wrong_filter_names_its_field(api):
    answer = api.get("/api/v1/usage/", {"run": "not-a-uuid"})
    assert answer.status_code == 422
    assert list(answer.json()["error"]["fields"]) == ["run"]


def test_unknown_id_finds_nothing(api, rows):
    assert api.get("/api/v1/usage/", {"run": uuid.uuid4()}).json()["results"] == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param({"model": "no-such-model"}, 1, id="model"),
        pytest.param({"model": "no-such"}, 0, id="part-of-a-model"),
        pytest.param({"request_type": "chat"}, 2, id="request-type"),
        pytest.param({"request_type": "title"}, 0, id="other-request-type"),
        pytest.param({"outcome": "finished"}, 2, id="outcome"),
        pytest.param({"outcome": "failed"}, 0, id="other-outcome"),
        pytest.param({"from": "2000-01-01", "to": "2999-12-31"}, 2, id="days"),
        pytest.param({"to": "2001-01-01"}, 0, id="earlier"),
        pytest.param({"from": "2999-01-01"}, 0, id="later"),
    ],
)
def test_filters_narrow_the_list(api, rows, query, expected):
    assert len(api.get("/api/v1/usage/", query).json()["results"]) == expected


def test_days_are_whole_and_both_included(api, user):
    for moment in (
        "02-28T23:59:59",
        "03-01T00:00:00",
        "03-02T23:59:59",
        "03-03T00:00:00",
    ):
        TokenUsage.objects.create(user=user, model_name=moment, created_at=f"2026-{moment}+00:00")

    answer = api.get("/api/v1/usage/", {"from": "2026-03-01", "to": "2026-03-02", "ordering": "created_at"})

    names = [row["model_name"] for row in answer.json()["results"]]
    assert names == ["03-01T00:00:00", "03-02T23:59:59"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        pytest.param({"model": "a\x00b"}, "model", id="null-character"),
        pytest.param({"model": "x" * 201}, "model", id="long"),
        pytest.param({"outcome": "fine"}, "outcome", id="outcome"),
        pytest.param({"request_type": "poem"}, "request_type", id="request-type"),
        pytest.param({"from": "2026-13-01"}, "from", id="no-day"),
        pytest.param({"to": "9999-12-31"}, "to", id="too-late"),
        pytest.param({"from": "2026-03-02", "to": "2026-03-01"}, "to", id="backwards"),
        pytest.param({"ordering": "total_cost"}, "ordering", id="ordering"),
    ],
)
def test_wrong_filters_name_their_field(api, query, field):
    answer = api.get("/api/v1/usage/", query)
    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (422, [field])


@pytest.mark.parametrize("count", [3, 30])
def test_queries_are_the_same_for_any_number_of_rows(api, user, count, django_assert_num_queries):
    TokenUsage.objects.bulk_create(TokenUsage(user=user, model_name="m") for _ in range(count))
    with django_assert_num_queries(3):  # the caller and their zone, and the page
        assert len(api.get("/api/v1/usage/", {"limit": 100}).json()["results"]) == count
