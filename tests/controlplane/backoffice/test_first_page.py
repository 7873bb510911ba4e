"""The first page says what happened in the last 30 days, to those who may know, at a fixed cost."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from redis.exceptions import ConnectionError as CacheUnreachable

from controlplane.backoffice import first_page
from controlplane.backoffice.figures import Span, Unit, all_figures
from controlplane.runs.models import Run
from controlplane.usage.models import DailyCounter

PAGE = "/admin/"
SLUGS = ["active-users", "runs", "failed-runs", "tokens", "cost", "open-drift"]
TODAY = date(2026, 3, 31)


@pytest.fixture(autouse=True)
def _nothing_kept(db):
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def office(make_user) -> Client:
    client = Client()
    client.force_login(make_user("admin@example.com", is_staff=True, is_superuser=True))
    return client


def a_run(user, *, days_ago: int = 0, status: str = "success") -> None:
    run = Run.objects.create(user=user, graph_id="agent", status=status)
    Run.objects.filter(pk=run.pk).update(admitted_at=timezone.now() - timedelta(days=days_ago))


def spent(user, *, days_ago: int = 0, tokens: int = 0, cost: str = "0") -> None:
    day = timezone.localdate() - timedelta(days=days_ago)
    DailyCounter.objects.create(
        user=user, day=day, resets_at=timezone.now(), tokens=tokens, cost=Decimal(cost)
    )


def shown(client: Client) -> dict[str, dict]:
    return {card["slug"]: card for card in client.get(PAGE).context["figures"]}


def test_days_are_counted_and_compared_with_those_before(office, user, stranger):
    for days_ago, who in (
        (0, user),
        (0, user),
        (0, stranger),
        (29, user),
        (30, user),
        (59, user),
        (60, user),
    ):
        a_run(who, days_ago=days_ago)
    a_run(stranger, days_ago=1, status="error")
    a_run(stranger, days_ago=1, status="withdrawn")
    spent(user, tokens=1500, cost="0.25")
    spent(user, days_ago=29, tokens=500, cost="0.25")
    spent(stranger, days_ago=45, tokens=1000, cost="1")

    cards = shown(office)

    assert {slug: card["total"] for slug, card in cards.items()} == {
        "active-users": "2",
        "runs": "5",
        "failed-runs": "1",
        "tokens": "2,000",
        "cost": "$0.50",
        "open-drift": "0",
    }
    assert {slug: (card["trend"]["text"], card["trend"]["tone"]) for slug, card in cards.items()} == {
        "active-users": ("▲ 100 %", "better"),
        "runs": ("▲ 150 %", "better"),
        "failed-runs": ("no data before", "plain"),
        "tokens": ("▲ 100 %", "plain"),
        "cost": ("▼ 50 %", "better"),
        "open-drift": ("nothing yet", "plain"),
    }
    heights = [bar["height"] for bar in cards["runs"]["bars"]]
    assert heights == [24.0, *[1.0] * 27, 24.0, 72.0]
    assert cards["runs"]["bars"][-1]["says"].endswith(": 3")
    assert cards["runs"]["highest"] == "3"


def test_nothing_is_shown_as_nothing(office):
    cards = shown(office)

    assert list(cards) == SLUGS
    assert {card["total"] for card in cards.values()} == {"0", "$0"}
    assert {card["trend"]["text"] for card in cards.values()} == {"nothing yet"}
    assert all(bar["is_empty"] for bar in cards["runs"]["bars"])


@pytest.mark.parametrize(
    ("permissions", "slugs"),
    [
        pytest.param([], [], id="none"),
        pytest.param(["view_run"], ["active-users", "runs", "failed-runs"], id="runs"),
        pytest.param(["view_tokenusage"], ["tokens", "cost"], id="usage"),
        pytest.param(["view_run", "view_tokenusage", "view_driftfinding"], SLUGS, id="all"),
    ],
)
def test_role_sees_what_it_may(make_user, user, permissions, slugs):
    a_run(user)
    reader = make_user("reader@example.com", is_staff=True)
    reader.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(reader)

    page = client.get(PAGE)

    assert [card["slug"] for card in page.context["figures"]] == slugs
    assert [slug for slug in SLUGS if f'id="figure-{slug}"' in page.text] == slugs


def test_what_one_role_saw_is_not_shown_to_another(office, make_user, user):
    a_run(user)
    shown(office)
    reader = Client()
    reader.force_login(make_user("reader@example.com", is_staff=True))

    assert shown(reader) == {}


def test_figures_are_kept_for_a_minute(office, user):
    a_run(user)
    assert shown(office)["runs"]["total"] == "1"
    a_run(user)

    with CaptureQueriesContext(connection) as queries:
        assert shown(office)["runs"]["total"] == "1"

    assert not [query for query in queries if "runs_run" in query["sql"] or "dailycounter" in query["sql"]]


@pytest.mark.parametrize("count", [3, 30])
def test_cost_does_not_grow_with_rows(office, make_user, count):
    for number in range(count):
        someone = make_user(f"user{number}@example.com")
        a_run(someone, days_ago=number)
        spent(someone, days_ago=number, tokens=1)

    with CaptureQueriesContext(connection) as queries:
        shown(office)

    counted = [query for query in queries if "runs_run" in query["sql"] or "dailycounter" in query["sql"]]
    # Each figure: its days, its sum, and the sum of the days before.
    assert len(counted) == 15


@pytest.fixture
def years(make_user) -> None:
    """Two years of runs and counters of twenty users, as the planner knows them."""
    users = [make_user(f"user{number}@example.com") for number in range(20)]
    first = datetime(2024, 4, 1, 12, tzinfo=UTC)
    moments = [(user, first + timedelta(days=number)) for number in range(800) for user in users[:5]]
    runs = Run.objects.bulk_create(Run(user=user, graph_id="agent", status="success") for user, _ in moments)
    for run, (_, moment) in zip(runs, moments, strict=True):
        run.admitted_at = moment
    Run.objects.bulk_update(runs, ["admitted_at"])
    DailyCounter.objects.bulk_create(
        DailyCounter(user=user, day=moment.date(), resets_at=moment) for user, moment in moments
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE runs_run, usage_dailycounter")


@pytest.mark.parametrize("query", ["by_day", "total"])
def test_each_query_walks_an_index_of_its_days(years, query):
    span = Span.ending(TODAY, days=30)
    # What was open on a day is asked of all findings, which are few.
    for figure in (one for one in all_figures() if one.slug != "open-drift"):
        with CaptureQueriesContext(connection) as queries, connection.cursor() as cursor:
            getattr(figure, query)(span)
            (asked,) = [entry["sql"] for entry in queries if entry["sql"].startswith("SELECT")]
            cursor.execute(f"EXPLAIN {asked}")
            plan = "\n".join(row[0] for row in cursor.fetchall())

        assert "runs_run_by_time" in plan or "usage_counter_by_day" in plan, figure.slug
        assert "Index Cond" in plan, figure.slug
        assert "Seq Scan" not in plan, figure.slug


def test_page_without_a_cache_is_there_all_the_same(office, user, monkeypatch):
    def fail(*args: object) -> None:
        raise CacheUnreachable

    a_run(user)
    monkeypatch.setattr(first_page.cache, "get", fail)

    assert shown(office)["runs"]["total"] == "1"


def test_page_needs_no_script_and_nobody_else(office, user):
    a_run(user)
    page = office.get(PAGE)
    section = page.text.split('<section aria-labelledby="figures-heading">')[1].split("</section>")[0]

    assert "<script" not in section
    assert "style=" not in section
    assert "http://" not in section
    assert "https://" not in section
    assert section.count("<rect") == len(SLUGS) * 30


def test_numbers_in_drawings_are_written_for_machines(office, settings, user):
    settings.LANGUAGE_CODE = "de"
    for _ in range(3):
        a_run(user)
    a_run(user, days_ago=1)
    section = office.get(PAGE, HTTP_ACCEPT_LANGUAGE="de").text

    assert 'height="24.0"' in section


@pytest.mark.parametrize(
    ("amount", "unit", "written"),
    [
        (0, Unit.COUNT, "0"),
        (12_345, Unit.COUNT, "12,345"),
        (1_540_000, Unit.COUNT, "1.5M"),
        (2_000_000_000, Unit.COUNT, "2.0B"),
        (Decimal(0), Unit.DOLLARS, "$0"),
        (Decimal("0.00423"), Unit.DOLLARS, "$0.0042"),
        (Decimal("0.337"), Unit.DOLLARS, "$0.34"),
        (Decimal("1234.5"), Unit.DOLLARS, "$1,234.50"),
        (Decimal("12345.6"), Unit.DOLLARS, "$12,346"),
    ],
)
def test_amounts_are_read_at_a_glance(amount, unit, written):
    assert first_page.write_amount(amount, unit) == written


def test_span_before_ends_where_this_one_begins():
    span = Span.ending(TODAY, days=30)

    assert (span.first, span.last, len(span.days)) == (date(2026, 3, 2), TODAY, 30)
    assert (span.before.first, span.before.last) == (date(2026, 1, 31), date(2026, 3, 1))


def test_links_lead_to_pages(office):
    for card in shown(office).values():
        assert office.get(card["link"]).status_code == 200
    assert reverse("admin:runs_run_changelist") in {card["link"] for card in shown(office).values()}
