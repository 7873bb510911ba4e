"""The report of usage in the back office: for those who may see usage, of any days, by what is asked for."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from uuid_utils.compat import uuid7

from controlplane.chat.models import ChatSession
from controlplane.provider_keys.models import UserAPIKey
from controlplane.usage import report_page
from controlplane.usage.models import DailyCounter, DailySum, TokenUsage
from controlplane.usage.rollup import days_roll_up

PAGE = reverse("admin:usage_tokenusage_report")
MARCH = {"first": "2026-03-01", "last": "2026-03-31"}
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def reader_with(make_user, *permissions: str) -> Client:
    reader = make_user("reader@example.com", is_staff=True)
    reader.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(reader)
    return client


@pytest.fixture
def office(make_user) -> Client:
    return reader_with(make_user, "view_tokenusage")


def call(user, *, days: int = 0, **fields) -> TokenUsage:
    moment = NOON + timedelta(days=days)
    counter = DailyCounter.objects.get_or_create(
        user=user, day=moment.date(), defaults={"resets_at": moment + timedelta(days=1)}
    )[0]
    given = {"model_name": "a", "prompt_tokens": 100, "completion_tokens": 10, "total_cost": Decimal("0.5")}
    return TokenUsage.objects.create(
        **{"id": uuid7(), "user": user, "counter": counter, "created_at": moment, "is_priced": True}
        | given
        | fields
    )


@pytest.fixture
def calls(user, stranger):
    """Four calls of two users on two days, beside one that is not settled and one of another month."""
    session = ChatSession.objects.create(user=user, title="Divorce lawyer")
    key = UserAPIKey.objects.create(user=stranger, provider="openai", key_name="Mine")
    call(user, chat_session=session)
    call(user, outcome="failed", request_type="title")
    call(user, days=2, model_name="b", total_cost=2)
    call(stranger, days=2, model_name="b", total_cost=None, is_priced=False, provider_key=key)
    call(user, state="pending", outcome="unknown")
    call(user, days=31)
    return session


def table(client: Client, **asked: str) -> list[tuple[object, ...]]:
    rows = client.get(PAGE, {**MARCH, **asked}).context["rows"]
    return [(row["name"], row["calls"], row["cost"]) for row in rows]


@pytest.mark.parametrize("is_rolled_up", [False, True], ids=["ledger", "sums"])
@pytest.mark.parametrize(
    ("by", "expected"),
    [
        pytest.param("day", [("2026-03-01", 2, 1), ("2026-03-03", 2, 2)], id="day"),
        pytest.param("model", [("b", 2, 2), ("a", 2, 1)], id="model"),
        pytest.param(
            "request_type", [("chat", 3, Decimal("2.5")), ("title", 1, Decimal("0.5"))], id="purpose"
        ),
        pytest.param("user", [("ada@example.com", 3, 3), ("eve@example.com", 1, None)], id="user"),
        pytest.param("payer", [("the house", 3, 3), ("users' own keys", 1, None)], id="payer"),
    ],
)
def test_groups_are_named_with_the_dearest_first(office, calls, by, expected, is_rolled_up):
    if is_rolled_up:
        assert days_roll_up() > 0

    assert table(office, by=by) == expected


def test_figures_are_drawn_by_day_whatever_the_table_is_by(office, calls):
    shown = {card["slug"]: card for card in office.get(PAGE, {**MARCH, "by": "model"}).context["cards"]}

    assert {slug: (card["total"], card["note"]) for slug, card in shown.items()} == {
        "cost": ("$3.00", "1 without a price"),
        "tokens": ("440", "400 in, 40 out"),
        "calls": ("4", "1 failed"),
    }
    assert [bar["height"] for bar in shown["cost"]["bars"]] == [36.0, 1.0, 72.0, *[1.0] * 28]
    assert shown["calls"]["bars"][2]["says"] == "Tue 3 Mar: 2"


def test_year_is_drawn_by_week(office, calls):
    page = office.get(PAGE, {"first": "2026-01-01", "last": "2026-12-31"})
    bars = page.context["cards"][0]["bars"]

    assert len(bars) == 53
    assert bars[8]["says"] == "26 Feb - 4 Mar: $3.00"
    assert all(bar["width"] > 0 for bar in bars)
    assert "most: $3.00 a week" in page.text


@pytest.mark.parametrize("named", ["address", "id"])
def test_one_user_s_usage_is_reported_alone(office, calls, user, named):
    text = user.email.upper() if named == "address" else str(user.pk)

    assert table(office, by="model", user=text) == [("b", 1, 2), ("a", 2, 1)]


def test_sessions_are_named_to_those_alone_who_may_see_content(office, make_user, calls):
    expected = [("no session, or a deleted one", 3, Decimal("2.5")), (str(calls.pk), 1, Decimal("0.5"))]
    for asked in ({}, {"format": "csv"}):
        assert b"Divorce" not in b"".join(office.get(PAGE, {**MARCH, "by": "session", **asked}))
    assert table(office, by="session") == expected

    office.logout()
    admin = make_user("admin@example.com", is_staff=True, is_superuser=True)
    office.force_login(admin)
    assert table(office, by="session") == [expected[0], ("Divorce lawyer", 1, Decimal("0.5"))]


def test_file_has_what_the_page_shows(office, calls, user, stranger):
    answer = office.get(PAGE, {**MARCH, "by": "user", "format": "csv"})

    assert answer.headers["Content-Disposition"] == (
        'attachment; filename="usage-by-user-2026-03-01-2026-03-31.csv"'
    )
    assert list(csv.reader(io.StringIO(b"".join(answer).decode()))) == [
        [
            "user",
            "name",
            "calls",
            "failed_calls",
            "unpriced_calls",
            "prompt_tokens",
            "completion_tokens",
            "total_cost",
        ],
        [str(user.pk), "ada@example.com", "3", "1", "0", "300", "30", "3.000000000"],
        [str(stranger.pk), "eve@example.com", "1", "0", "1", "100", "10", ""],
    ]


def test_calls_of_deleted_accounts_are_together(office, calls, user, stranger):
    TokenUsage.objects.update(user=None, counter=None)

    assert table(office, by="user") == [("deleted accounts", 4, 3)]


def test_page_is_bounded_and_its_total_whole(office, calls, monkeypatch):
    monkeypatch.setattr(report_page, "MOST_SHOWN", 1)
    page = office.get(PAGE, {**MARCH, "by": "model"})

    assert [row["name"] for row in page.context["rows"]] == ["b"]
    assert (page.context["total"]["calls"], page.context["is_truncated"]) == (4, True)
    assert "The dearest 1 are shown" in page.text


def test_last_thirty_days_by_day_are_shown_when_nothing_is_asked(office, user):
    given = office.get(PAGE).context["form"].cleaned_data

    assert (given["by"], given["period"].days, given["owner_id"]) == ("day", 30, None)


def test_each_field_is_there_once_and_both_buttons_send_the_form(office):
    page = office.get(PAGE, MARCH).text
    form = page[page.index('<form method="get" class="report-form"') :].split("</form>")[0]

    assert [form.count(f'name="{name}"') for name in ("first", "last", "by", "user", "format")] == [1] * 5
    assert form.count('<button type="submit"') == 2


def test_nothing_is_shown_as_nothing(office):
    page = office.get(PAGE, MARCH)

    assert "No calls in this period." in page.text
    assert [card["total"] for card in page.context["cards"]] == ["$0", "0", "0"]


@pytest.mark.parametrize("asked", [{}, {"format": "csv"}], ids=["page", "file"])
def test_others_are_refused_and_read_nothing(make_user, calls, asked, django_assert_num_queries):
    client = reader_with(make_user, "view_run")

    with django_assert_num_queries(4):  # the browser's session, the reader, and both kinds of permission
        answer = client.get(PAGE, {**MARCH, **asked})

    assert answer.status_code == 403
    assert b"ada@example.com" not in answer.content


def test_nobody_is_sent_to_sign_in(calls):
    answer = Client().get(PAGE)

    assert (answer.status_code, answer.headers["Location"]) == (302, f"/admin/login/?next={PAGE}")


@pytest.mark.parametrize("form", ["page", "csv"])
@pytest.mark.parametrize(
    ("asked", "field"),
    [
        pytest.param({"first": "2026-03-02", "last": "2026-03-01"}, "last", id="backwards"),
        pytest.param({"first": "2025-01-01", "last": "2026-03-01"}, "first", id="too-long"),
        pytest.param({"first": "0001-01-01"}, "first", id="too-early"),
        pytest.param({"last": "9999-12-31"}, "last", id="too-late"),
        pytest.param({"first": "yesterday"}, "first", id="no-day"),
        pytest.param({"by": "password"}, "by", id="no-grouping"),
        pytest.param({"by": "session", "first": "2026-02-01"}, "by", id="sessions-of-all"),
        pytest.param({"user": "nobody@example.com"}, "user", id="no-user"),
        pytest.param({"user": "a\x00"}, "user", id="null-character"),
        pytest.param({"user": "a" * 255}, "user", id="long-user"),
    ],
)
def test_refusal_stands_beside_the_field_and_nothing_is_shown(office, calls, asked, field, form):
    page = office.get(PAGE, {**MARCH, **asked, "format": form})

    assert (page.status_code, list(page.context["form"].errors)) == (200, [field])
    assert "cards" not in page.context


def test_one_user_s_sessions_are_shown_for_a_year(office, calls, user):
    asked = {"by": "session", "user": user.email, "first": "2025-04-01"}

    assert len(table(office, **asked)) == 2


@pytest.mark.parametrize("count", [3, 30])
def test_cost_does_not_grow_with_rows(office, make_user, count, django_assert_num_queries):
    for number in range(count):
        call(make_user(f"user{number}@example.com"))
    days_roll_up()

    # The browser's session, the reader and two of permissions; the sums, the days and the addresses.
    with django_assert_num_queries(7):
        assert len(table(office, by="user")) == count


def test_days_that_are_rolled_up_are_read_from_their_sums(office, user):
    call(user)
    days_roll_up()
    DailySum.objects.update(calls=7)

    assert table(office) == [(str(date(2026, 3, 1)), 7, Decimal("0.5"))]
