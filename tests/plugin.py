"""Starts a real Postgres and a real Valkey before Django reads its settings, and ends them with the run."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.core import serializers
from django.core.management.color import no_style
from django.db import connection
from django.db.models import Model
from pytest_django.plugin import blocking_manager_key

from tests.blocking_calls import blocking_calls_line
from tests.running_stack import FAST_CALLERS, OUTSIDE, SET_BY_PARENT, RunningStack
from tests.shown_tables import FOLDER, shown_tables

GIVEN_FROM_OUTSIDE = ("DATABASE_URL", "REDIS_URL")
ROWS_OF_MIGRATIONS = pytest.StashKey[str]()


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Start the two servers unless both are given, and hand their addresses and secrets to the settings.

    Each worker of a parallel run has its own: tests empty queues and counters.
    """
    os.environ.update(FAST_CALLERS)
    folder = Path(tempfile.mkdtemp(prefix="threadplane-tests-"))
    early_config.add_cleanup(lambda: shutil.rmtree(folder))
    folder.chmod(0o755)  # the database's own user has to get through
    os.environ.setdefault(FOLDER, str(folder))
    if all(OUTSIDE.get(name) for name in GIVEN_FROM_OUTSIDE):
        return
    stack = RunningStack.start(folder / "data", only=("postgres", "valkey"))
    early_config.add_cleanup(lambda: _end(stack))
    os.environ.update(stack.environment)
    os.environ[SET_BY_PARENT] = ",".join([SET_BY_PARENT, *stack.environment])


def _end(stack: RunningStack) -> None:
    stack.stop()


# Each takes one to five minutes; a file is one worker's alone.
LONG_FILES = frozenset(
    {
        "test_answers_from_documents",
        "test_bills_without_control_plane",
        "test_canaries",
        "test_chaos",
        "test_killed_processing",
        "test_kills",
        "test_ledger_join",
        "test_make_up",
        "test_multitask",
        "test_outages",
        "test_restart",
        "test_webchat",
        "test_webchat_first_steps",
    }
)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what waits most and takes longest: two workers then end at about the same time."""
    items.sort(key=lambda item: ("end_to_end" not in item.path.parts, item.path.stem not in LONG_FILES))


@pytest.fixture(scope="session", autouse=True)
def _rows_of_migrations(request: pytest.FixtureRequest) -> None:
    """Keep the rows that migrations made, before the first test that empties all tables."""
    if not any(_empties_tables(item) for item in request.session.items):
        return
    request.getfixturevalue("django_db_setup")
    with request.config.stash[blocking_manager_key].unblock():
        models = [model for model in apps.get_models() if model.__module__.startswith("controlplane.")]
        rows = [row for model in models for row in model._base_manager.order_by("pk")]
        request.config.stash[ROWS_OF_MIGRATIONS] = serializers.serialize("json", rows)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """Bring the rows of migrations back after a test that has emptied all tables."""
    yield
    # After the last test the whole database is gone.
    if nextitem is not None and _empties_tables(item):
        with item.config.stash[blocking_manager_key].unblock():
            rows = list(serializers.deserialize("json", item.config.stash[ROWS_OF_MIGRATIONS]))
            for row in rows:
                row.save()
            _count_on({type(row.object) for row in rows})


def _count_on(tables: set[type[Model]]) -> None:
    """Let the next row of each table get a number that no row brought back has."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), list(tables)):
            cursor.execute(statement)


def _empties_tables(item: pytest.Item) -> bool:
    marker = item.get_closest_marker("django_db")
    asked_for = getattr(item, "fixturenames", ())
    return bool(marker and marker.kwargs.get("transaction")) or "transactional_db" in asked_for


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the tables that tests have shown."""
    for table in shown_tables():
        terminalreporter.write_line(f"\n{table}")
    if line := blocking_calls_line():
        terminalreporter.write_line(f"\n{line}")
