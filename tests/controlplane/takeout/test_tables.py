"""Every table that knows users is exported, or is left out for a reason; no secret has a column in it."""

from collections.abc import Iterator

from django.apps import apps
from django.db.models import Model

from controlplane.accounts.models import CustomUser
from controlplane.takeout.tables import LEFT_OUT, all_tables

# Columns that hold a secret, sealed or hashed as it may be.
SECRETS = {"password", "digest", "encrypted_key", "sealed_secrets", "data", "token", "key", "session_data"}


def models_with_users() -> Iterator[type[Model]]:
    yield CustomUser
    for model in apps.get_models(include_auto_created=True):
        related = [field.remote_field.model for field in model._meta.fields if field.remote_field]
        if CustomUser in related and not model._meta.proxy:
            yield model


def test_every_table_that_knows_users_is_exported_or_left_out_for_a_reason():
    exported = {table.model for table in all_tables()}
    known = {*exported, *(apps.get_model(label) for label in LEFT_OUT)}

    assert sorted(model._meta.label for model in set(models_with_users()) - known) == []
    assert all(len(reason) > 15 for reason in LEFT_OUT.values())
    assert not {table.model._meta.label for table in all_tables()} & LEFT_OUT.keys()


def test_no_column_of_a_secret_is_exported():
    assert [(table.name, name) for table in all_tables() for name in table.fields if name in SECRETS] == []


def test_names_of_files_are_unique_and_stay_within_the_archive():
    names = [table.name for table in all_tables()]

    assert len(set(names)) == len(names)
    assert [name for name in names if name.startswith("/") or ".." in name] == []
