"""The settings as Django sees them: safe by default, bounded in every wait, in step with the models."""

import time

import pytest
from django.core.cache import caches
from django.core.management import call_command
from django.db import OperationalError, connection
from django.db.backends.postgresql.base import DatabaseWrapper
from django.urls import get_resolver
from pydantic import SecretStr
from redis.exceptions import ConnectionError as RedisUnreachable

from controlplane.config.environment import read_environment
from controlplane.config.settings.database import postgres

CLOSED_PORT = 1


def test_system_checks_pass(db):
    call_command("check", fail_level="WARNING", databases=["default"])


def test_database_address_becomes_django_s_settings():
    address = SecretStr("postgresql://us%40er:p%2Fw@db.test:5544/name?sslmode=require")
    described = postgres(read_environment().model_copy(update={"database_url": address}))
    assert {name: described[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT")} == {
        "NAME": "name",
        "USER": "us@er",
        "PASSWORD": "p/w",
        "HOST": "db.test",
        "PORT": "5544",
    }
    assert described["OPTIONS"]["sslmode"] == "require"
    assert described["CONN_MAX_AGE"] == 0


def test_dead_database_is_reported_within_seconds(db, settings):
    address = SecretStr(f"postgresql://nobody@127.0.0.1:{CLOSED_PORT}/nothing")
    described = postgres(read_environment().model_copy(update={"database_url": address}))
    defaults = {name: value for name, value in settings.DATABASES["default"].items() if name not in described}
    dead = DatabaseWrapper({**defaults, **described}, alias="dead")
    started = time.monotonic()
    try:
        with pytest.raises(OperationalError):
            dead.ensure_connection()
    finally:
        dead.close_pool()
    assert time.monotonic() - started < 8


def test_dead_cache_is_reported_within_seconds(settings):
    dead = {**settings.CACHES["default"], "LOCATION": f"redis://127.0.0.1:{CLOSED_PORT}/0"}
    settings.CACHES = {**settings.CACHES, "dead": dead}
    started = time.monotonic()
    with pytest.raises(RedisUnreachable):
        caches["dead"].get("anything")
    assert time.monotonic() - started < 4


def test_statements_are_bounded(db, settings):
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("15s",)
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("5s",)


def test_nothing_is_open_by_default(settings):
    assert settings.DEBUG is False
    assert settings.REST_FRAMEWORK["DEFAULT_PERMISSION_CLASSES"] == [
        "rest_framework.permissions.IsAuthenticated"
    ]
    assert "*" not in settings.ALLOWED_HOSTS


@pytest.mark.parametrize("prefix", ["admin/", "api/v1/", "health/", "internal/"])
def test_addresses_are_there(prefix):
    assert prefix in {str(pattern.pattern) for pattern in get_resolver().url_patterns}


@pytest.mark.parametrize(
    ("path", "evaluates"),
    [pytest.param("/health/live/", False, id="elsewhere"), pytest.param("/admin/login/", True, id="admin")],
)
def test_only_the_admin_may_evaluate_scripts(db, client, path, evaluates):
    policy = client.get(path).headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert ("'unsafe-eval'" in policy) is evaluates
    assert "script-src 'self'" in policy
