"""Postgres through a small pool, and the cache; both report a dead server within seconds."""

from typing import Any

from psycopg.conninfo import conninfo_to_dict

from controlplane.config.environment import Environment, read_environment
from controlplane.config.patient_connection import PatientConnection

CONNECT_SECONDS = 3
POOL_WAIT_SECONDS = 5
CACHE_SECONDS = 2

_NAMES = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}


def postgres(environment: Environment) -> dict[str, Any]:
    """Turn the database address into Django's settings; its other parameters are passed to libpq."""
    given = conninfo_to_dict(environment.database_url.get_secret_value())
    named = {_NAMES[name]: value for name, value in given.items() if name in _NAMES}
    options = {name: value for name, value in given.items() if name not in _NAMES}
    bounds = f"-c statement_timeout={environment.database_statement_timeout_ms} -c lock_timeout=5000"
    return {
        "ENGINE": "django.db.backends.postgresql",
        **named,
        # A pool and async views both want a connection to be given back at the end of each request.
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "connect_timeout": CONNECT_SECONDS,
            "options": bounds,
            **options,
            "pool": {
                "min_size": 1,
                "max_size": environment.database_pool_size,
                "timeout": POOL_WAIT_SECONDS,
                "name": "control-plane",
                "connection_class": PatientConnection,
            },
        },
    }


DATABASES = {"default": postgres(read_environment())}

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": read_environment().redis_url.get_secret_value(),
        "KEY_PREFIX": "threadplane",
        "OPTIONS": {"socket_timeout": CACHE_SECONDS, "socket_connect_timeout": CACHE_SECONDS},
    },
    "counters": {
        "BACKEND": "controlplane.accounts.throttling.counters.SharedCounters",
        "LOCATION": read_environment().redis_url.get_secret_value(),
        "KEY_PREFIX": "threadplane",
    },
}
