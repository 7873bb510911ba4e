"""Checks of what the control plane stands on: databases, queue, workers, the Agent Server, disks."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from kombu.exceptions import OperationalError as QueueError
from redis import Redis
from redis.exceptions import RedisError

from controlplane.agent_server.bridges import bridge_for_service
from controlplane.maintenance.doctor.findings import Finding, fail, ok, warn
from sdk_bridge import BridgeError, ServerInfo

SECONDS = 3
OLDEST_POSTGRES = 140_000
# Older ones skipped the filters of authorization on some requests.
OLDEST_AGENT_SERVER = (0, 16)
MOST_SKEW_SECONDS = 2.0
LEAST_FREE_BYTES = 1_000_000_000


def database() -> Iterator[Finding]:
    """The control plane's database answers, is new enough, has every migration, and the same time."""
    with connection.cursor() as cursor:
        before = timezone.now()
        cursor.execute("SELECT current_setting('server_version_num')::int, clock_timestamp()")
        version, told = cursor.fetchone()
        after = timezone.now()
    name = f"PostgreSQL {version // 10_000}.{version % 10_000}"
    if version < OLDEST_POSTGRES:
        yield fail("database", f"{name} is too old", "Upgrade to PostgreSQL 14 or newer.")
    else:
        yield ok("database", name)
    skew = max((before - told).total_seconds(), (told - after).total_seconds(), 0.0)
    if skew > MOST_SKEW_SECONDS:
        yield fail("clock", f"{skew:.1f} s off the database's", "Have both machines keep time by NTP.")
    else:
        yield ok("clock", "the same as the database's")


def migrations() -> Iterator[Finding]:
    """The tables are those of this version."""
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        yield fail("migrations", f"{len(missing)} are missing", "Run manage.py migrate.")
    else:
        yield ok("migrations", "all applied")


def vectors() -> Iterator[Finding]:
    """Documents' vectors have a database with the extension."""
    address = settings.PGVECTOR_CONNECTION_STRING
    if not address:
        yield warn(
            "vectors", "there is no database for them", "For documents set PGVECTOR_CONNECTION_STRING."
        )
        return
    plain = address.replace("postgresql+psycopg://", "postgresql://", 1)
    try:
        with psycopg.connect(plain, connect_timeout=SECONDS) as vector_connection:
            found = vector_connection.execute(
                "SELECT installed_version, default_version FROM pg_available_extensions WHERE name = 'vector'"
            ).fetchone()
    except psycopg.Error as error:
        yield fail("vectors", f"no answer ({type(error).__name__})", "Check PGVECTOR_CONNECTION_STRING.")
        return
    if found is None:
        yield fail("vectors", "the extension is not there", "Install pgvector on that server.")
    else:
        yield ok("vectors", f"pgvector {found[0] or found[1]}")


def queue() -> Iterator[Finding]:
    """The queue answers, and does not throw jobs away when it is full."""
    bounds = {"socket_timeout": SECONDS, "socket_connect_timeout": SECONDS}
    try:
        with Redis.from_url(settings.CELERY_BROKER_URL, **bounds) as broker:
            told = broker.info()
            policy = str(dict(told).get("maxmemory_policy", ""))
            version = dict(told).get("valkey_version") or dict(told).get("redis_version")
    except (RedisError, OSError) as error:
        yield fail("queue", f"no answer ({type(error).__name__})", "Check REDIS_URL and that Valkey runs.")
        return
    if policy and policy != "noeviction":
        yield fail("queue", f"it may drop jobs ({policy})", "Set maxmemory-policy noeviction.")
    else:
        yield ok("queue", f"version {version}")


def workers() -> Iterator[Finding]:
    """At least one worker takes jobs."""
    from celery import current_app  # noqa: PLC0415  # the app of the running process

    try:
        answers = current_app.control.ping(timeout=SECONDS)
    except QueueError:
        answers = []
    if answers:
        yield ok("workers", str(len(answers)))
    else:
        yield fail("workers", "none answers", "Start one: celery -A controlplane.config.celery worker.")


def agent_server() -> Iterator[Finding]:
    """The Agent Server answers with the control plane's own token, and is new enough."""
    try:
        info = asyncio.run(_server_info())
    except (BridgeError, TimeoutError) as error:
        code = getattr(error, "code", "timed_out")
        yield fail("Agent Server", f"no answer ({code})", "Check LANGGRAPH_URL, and the keys on both sides.")
        return
    version = tuple(int(part) for part in info.version.split(".")[:2] if part.isdigit())
    if version and version < OLDEST_AGENT_SERVER:
        told = f"version {info.version} is too old"
        yield fail("Agent Server", told, "Upgrade langgraph-api to 0.16 or newer.")
    else:
        yield ok("Agent Server", f"version {info.version}")


async def _server_info() -> ServerInfo:
    async with asyncio.timeout(SECONDS), bridge_for_service() as bridge:
        return await bridge.server_info()


def space() -> Iterator[Finding]:
    """There is room for documents and exports, and they can be written."""
    folder = Path(settings.MEDIA_ROOT)
    there = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(there).free
    told = f"{free / 1e9:.1f} GB free"
    if free < LEAST_FREE_BYTES:
        yield fail("disk", told, "Make room where DOCUMENTS_FOLDER is, or keep documents in a bucket.")
    elif not os.access(there, os.W_OK):
        yield fail("disk", "documents cannot be written", "Give the folder to the user of this process.")
    else:
        with tempfile.TemporaryFile(dir=there):
            yield ok("disk", told)
