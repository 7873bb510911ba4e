"""A server that stops answering is given up on, and its connection is used by nobody again."""

import time

import psycopg
import pytest
from django.conf import settings
from django.db import connection as django_connection

from controlplane.config import patient_connection
from controlplane.config.patient_connection import PatientConnection


@pytest.fixture
def connection(db):
    """A connection to the test's database on which statements may take for ever."""
    database = settings.DATABASES["default"]
    with PatientConnection.connect(
        host=database["HOST"],
        port=database["PORT"],
        user=database["USER"],
        password=database["PASSWORD"],
        dbname=database["NAME"],
        autocommit=True,
    ) as opened:
        backend = opened.info.backend_pid
        yield opened
    # What was given up on still runs there, and would keep the test's database from being dropped.
    with django_connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])


def test_answer_that_does_not_come_is_given_up(connection, monkeypatch):
    monkeypatch.setattr(PatientConnection, "longest_statement", 100)
    monkeypatch.setattr(patient_connection, "SPARE_SECONDS", 0.2)
    started = time.monotonic()

    with pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT pg_sleep(20)")

    assert time.monotonic() - started < 5
    assert connection.closed


def test_refused_statement_leaves_the_connection_usable(connection):
    with pytest.raises(psycopg.errors.UndefinedTable):
        connection.execute("SELECT * FROM nowhere")
    with pytest.raises(psycopg.errors.QueryCanceled):
        connection.execute("SET statement_timeout = 50; SELECT pg_sleep(20)")

    assert connection.execute("SELECT 1").fetchone() == (1,)


def test_statement_without_a_bound_is_waited_for(connection, monkeypatch):
    monkeypatch.setattr(PatientConnection, "longest_statement", 0)
    monkeypatch.setattr(patient_connection, "SPARE_SECONDS", 0.05)
    monkeypatch.setattr(patient_connection, "CHECK_SECONDS", 0.05)

    connection.execute("SELECT pg_sleep(0.3)")

    assert not connection.closed
