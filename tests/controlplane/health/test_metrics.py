"""Metrics: for who shows the token alone, out of the books, and of all that the alert rules ask for."""

import re
import uuid
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from controlplane.documents.models import UserDocument
from controlplane.runs.models import Run
from controlplane.upkeep.models import DriftFinding
from controlplane.usage.models import TokenUsage
from tests.controlplane.documents.files import upload
from tests.controlplane.internal.conftest import agent_server_client
from tests.controlplane.internal.posting import post

__all__ = ["agent_server_client"]

ADDRESS = "/health/metrics/"
RULES = Path(__file__).parents[3] / "docs" / "operations" / "alerts.yml"
# What Prometheus knows by itself.
ITS_OWN = {"up"}


@pytest.fixture(autouse=True)
def token(settings, tmp_path) -> str:
    """The token that the house has set."""
    settings.METRICS_TOKEN = "watching"
    settings.MEDIA_ROOT = tmp_path
    return settings.METRICS_TOKEN


def scrape(token: str = "watching") -> dict[str, dict[tuple[str, ...], float]]:
    """Each metric's samples by the values of their labels."""
    answer = Client().get(ADDRESS, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.content
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(answer.content.decode()):
        found.setdefault(family.name, {})
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sample.labels.values())] = sample.value
    return found


@pytest.mark.parametrize(
    "shown", ["", "Bearer", "Bearer ", "Bearer watchin", "Bearer watching2", "Basic watching"]
)
def test_nobody_without_the_token_sees_anything(db, shown):
    answer = Client().get(ADDRESS, headers={"Authorization": shown})
    assert answer.status_code == 404
    assert b"threadplane_" not in answer.content


def test_without_a_token_set_there_is_nothing(db, settings):
    settings.METRICS_TOKEN = ""
    assert Client().get(ADDRESS, headers={"Authorization": "Bearer "}).status_code == 404


def test_an_empty_house_has_zeros(db):
    found = scrape()
    assert found["threadplane_runs_recent"][("success",)] == 0
    assert found["threadplane_settlement_lag_seconds"] == {}
    assert found["threadplane_oldest_unsettled_run_seconds"][()] == 0
    assert found["threadplane_documents"] == {("pending",): 0, ("processing",): 0, ("failed",): 0}
    assert found["threadplane_queue_depth"].keys() == {("threadplane",), ("sweeps",)}


def test_runs_are_told_by_status_with_the_lag_of_their_settlement(user):
    now = timezone.now()
    for seconds, status in ((1, "success"), (2, "success"), (9, "error")):
        Run.objects.create(
            user=user, graph_id="agent", status=status, started_at=now, ended_at=now,
            settled_at=now + timedelta(seconds=seconds),
        )  # fmt: skip
    Run.objects.create(user=user, graph_id="agent", admitted_at=now - timedelta(minutes=3))
    Run.objects.create(
        user=user, graph_id="agent", status="success", admitted_at=now - timedelta(hours=1), ended_at=now,
        settled_at=now,
    )  # fmt: skip
    found = scrape()
    assert found["threadplane_runs_recent"][("success",)] == 2
    assert found["threadplane_runs_recent"][("error",)] == 1
    assert found["threadplane_runs_recent"][("provisional",)] == 1
    lags = found["threadplane_settlement_lag_seconds"]
    assert {share: round(lag) for share, lag in lags.items()} == {("0.5",): 2, ("0.95",): 9, ("1.0",): 9}
    assert found["threadplane_oldest_unsettled_run_seconds"][()] == pytest.approx(180, abs=5)


def test_usage_is_told_as_it_is_booked(user):
    def call(**fields: object) -> None:
        TokenUsage.objects.create(user=user, model_name="gpt-4o", **fields)

    call(
        prompt_tokens=100,
        completion_tokens=20,
        total_cost=Decimal("0.5"),
        state="settled",
        outcome="finished",
    )
    call(prompt_tokens=7, completion_tokens=3, state="settled", outcome="failed")
    call(state="pending", outcome="", created_at=timezone.now() - timedelta(minutes=2))
    found = scrape()
    assert found["threadplane_tokens_recent"] == {("prompt",): 107, ("completion",): 23}
    assert found["threadplane_cost_recent_dollars"][()] == 0.5
    assert found["threadplane_calls_not_finished_recent"] == {("failed",): 1}
    assert found["threadplane_usage_pending"][()] == 1
    assert found["threadplane_oldest_usage_pending_seconds"][()] == pytest.approx(120, abs=5)


def test_documents_drift_and_queues_are_counted(user):
    upload(user, "waits.txt")
    upload(user, "fails.txt")
    UserDocument.objects.filter(file_name="fails.txt").update(processing_status="failed")
    DriftFinding.objects.create(kind="thread_missing", thread_id=user.pk)
    found = scrape()
    assert found["threadplane_documents"] == {("pending",): 1, ("processing",): 0, ("failed",): 1}
    assert found["threadplane_drift_open"] == {("thread_missing",): 1}


def ask(agent_server_client, user, **changes: object) -> int:
    """Ask for a run as the Agent Server does."""
    body = {
        "run_id": str(uuid.uuid4()), "thread_id": str(uuid.uuid4()), "graph_id": "agent", "role": "user",
        "user_id": str(user.pk), **changes,
    }  # fmt: skip
    return post(agent_server_client, "/internal/runs/admit/", body).status_code


def test_admissions_are_counted_by_what_was_said(agent_server_client, user):
    def counted() -> dict[tuple[str, ...], float]:
        return dict(scrape().get("threadplane_admissions_total", {}))

    before, calls = counted(), scrape()["threadplane_admission_seconds_count"][()]
    assert ask(agent_server_client, user) == 200
    assert ask(agent_server_client, user, requested={"model": "nobody-has-it"}) >= 400
    after = counted()
    grown = {outcome: count - before.get(outcome, 0) for outcome, count in after.items()}
    assert grown[("admitted",)] == 1
    assert sum(grown.values()) == 2
    assert scrape()["threadplane_admission_seconds_count"][()] == calls + 2


def test_a_scrape_asks_a_fixed_number_of_questions(user, django_assert_max_num_queries):
    for _ in range(3):
        Run.objects.create(user=user, graph_id="agent")
    with django_assert_max_num_queries(14):
        scrape()


def test_alert_rules_ask_for_metrics_that_exist(agent_server_client, user):
    assert ask(agent_server_client, user) == 200
    known = set(scrape())
    rules = [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules) >= 10
    for rule in rules:
        asked = set(re.findall(r"\b(?:up|threadplane_\w+)\b", rule["expr"]))
        assert asked, rule
        assert asked - ITS_OWN <= known, rule["alert"]
        assert {"summary", "what_to_do"} <= rule["annotations"].keys()
        assert rule["labels"]["severity"] in {"page", "ticket"}
