"""The schema comes out the same from nothing and from every earlier state, with rows in place."""

import uuid

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

from tests.controlplane.historical_rows import RowMaker, count_rows

LOADER = MigrationLoader(None, ignore_no_migrations=True)
OURS = sorted(
    config.label
    for config in apps.get_app_configs()
    if config.name.startswith("controlplane.") and config.label in LOADER.migrated_apps
)
MIGRATIONS = sorted(key for key in LOADER.disk_migrations if key[0] in OURS)
EARLIER = [key for key in MIGRATIONS if key not in LOADER.graph.leaf_nodes()]
SHAPE = """
    SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns
     WHERE table_schema = 'public'
    UNION ALL
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), '', '' FROM pg_constraint
     WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
    UNION ALL
    SELECT tablename, indexname, indexdef, '', '' FROM pg_indexes WHERE schemaname = 'public'
"""


@pytest.fixture(scope="module")
def database(django_db_setup, django_db_blocker):
    """The shape of a database migrated from nothing, which stands in for the tests' own meanwhile."""
    before, name = connection.settings_dict["NAME"], f"migrations_{uuid.uuid4().hex[:12]}"
    with django_db_blocker.unblock():
        _administer(f"CREATE DATABASE {name}")
        _turn_to(name)
        call_command("migrate", verbosity=0, interactive=False)
        yield shape()
        _turn_to(before)
        _administer(f"DROP DATABASE {name} WITH (FORCE)")


def _administer(statement: str) -> None:
    with connection._nodb_cursor() as cursor:
        cursor.execute(statement)


def _turn_to(name: str) -> None:
    connection.close()
    connection.close_pool()
    connection.settings_dict["NAME"] = name


def shape() -> set[tuple[str, ...]]:
    """Everything about tables that migrations decide, but for the order of columns."""
    with connection.cursor() as cursor:
        cursor.execute(SHAPE)
        return {tuple(str(value) for value in row) for row in cursor.fetchall()}


def apps_as_migrated():
    """The models as the migrations that are applied left them."""
    executor = MigrationExecutor(connection)
    return executor.loader.project_state(list(executor.loader.applied_migrations)).apps


def filled_labels(known) -> list[str]:
    return [label for label in OURS if label in known.app_configs]


def test_migrations_are_in_step_with_the_models(db):
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_every_migration_can_be_taken_back():
    final = {
        f"{app}.{name}: {operation}"
        for app, name in MIGRATIONS
        for operation in LOADER.disk_migrations[app, name].operations
        if not operation.reversible
    }

    assert final == set()


def test_every_table_is_made_from_nothing(database):
    tables = set(connection.introspection.table_names())

    assert {
        model._meta.db_table for label in OURS for model in apps.get_app_config(label).get_models()
    } <= tables


def test_rows_can_be_made_of_what_migrations_know(database):
    known = apps_as_migrated()
    maker = RowMaker(known)
    counts = maker.fill(filled_labels(known), rows=2)

    assert counts["accounts.CustomUser"] >= 2
    assert counts["chat.ChatSession"] >= 2
    assert counts["usage.TokenUsage"] >= 2
    assert not maker.refused & {"accounts.CustomUser", "chat.ChatSession", "runs.Run", "usage.TokenUsage"}


@pytest.mark.parametrize(("app", "name"), EARLIER, ids=lambda part: part)
def test_every_earlier_state_goes_forward_with_rows_in_place(database, app, name):
    call_command("migrate", app, name, verbosity=0, interactive=False)
    known = apps_as_migrated()
    labels = filled_labels(known)
    before = RowMaker(known).fill(labels, rows=2)

    call_command("migrate", verbosity=0, interactive=False)

    known = apps_as_migrated()
    after = count_rows(known, filled_labels(known))
    assert shape() == database
    assert {model: after[model] for model in before if model in after and after[model] < before[model]} == {}
    assert sum(before.values()) > 0


def test_all_can_be_taken_back_to_nothing_and_made_again(database):
    for label in OURS:
        call_command("migrate", label, "zero", verbosity=0, interactive=False)
    known = {model._meta.db_table for label in OURS for model in apps.get_app_config(label).get_models()}
    assert not known & set(connection.introspection.table_names())

    call_command("migrate", verbosity=0, interactive=False)

    assert shape() == database
