"""`live` asks nobody; `ready` says of each part whether it answers."""

import pytest
from django.test import Client

from sdk_bridge import ServerUnreachable


def test_live_needs_nothing():
    # No database fixture: a query would fail this test.
    response = Client().get("/health/live/")

    assert (response.status_code, response.json()) == (200, {"status": "ok"})


@pytest.mark.django_db(transaction=True)
def test_ready_when_every_part_answers(agent_server):
    response = Client().get("/health/ready/")

    assert response.status_code == 200
    assert response.json() == {
        "status": "ok",
        "checks": {"database": "ok", "queue": "ok", "agent_server": "ok"},
    }


@pytest.mark.django_db(transaction=True)
def test_not_ready_when_one_part_does_not(agent_server):
    agent_server.faults.fail_with = ServerUnreachable("gone")

    response = Client().get("/health/ready/")

    assert response.status_code == 503
    assert response.json() == {
        "status": "unavailable",
        "checks": {"database": "ok", "queue": "ok", "agent_server": "unavailable"},
    }


@pytest.mark.parametrize("address", ["/health/live/", "/health/ready/"])
def test_health_is_only_asked(address):
    assert Client().post(address).status_code == 405
