"""The request log names callers, and never asks the database for one by itself."""

import structlog
from django.test import Client
from structlog.testing import capture_logs

from tests.controlplane.conftest import signed_in


def finished(client: Client, path: str) -> dict:
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as logs:
        client.get(path)
    (line,) = [line for line in logs if line["event"] == "request_finished"]
    return line


def test_api_caller_is_named(user):
    assert finished(signed_in(user), "/api/v1/me/")["user_id"] == str(user.pk)


def test_visitor_of_a_page_is_named(make_user, client):
    admin = make_user("admin@example.com", is_staff=True, is_superuser=True)
    client.force_login(admin)

    assert finished(client, "/admin/")["user_id"] == str(admin.pk)


def test_visitor_whom_nothing_asked_for_is_not_looked_up(user, client, django_assert_num_queries):
    client.force_login(user)

    with django_assert_num_queries(0):
        assert "user_id" not in finished(client, "/no/such/page/")
