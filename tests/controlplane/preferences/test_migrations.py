"""Users who were there before preferences get theirs, and the way back leaves nothing behind."""

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from controlplane.accounts.models import CustomUser

OURS = """
SELECT proname FROM pg_proc WHERE proname LIKE 'preferences%'
UNION ALL SELECT sequencename FROM pg_sequences WHERE sequencename LIKE 'preferences%'
"""


def migrate(*targets: tuple[str, str | None]) -> None:
    executor = MigrationExecutor(connection)
    executor.migrate(list(targets) or executor.loader.graph.leaf_nodes())


def ours() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(OURS)
        return {name for (name,) in cursor.fetchall()}


@pytest.mark.django_db(transaction=True)
def test_users_of_before_get_preferences():
    migrate(("preferences", None))
    try:
        assert ours() == set()
        for number in range(3):
            CustomUser.objects.create_user(f"old{number}@example.com")
    finally:
        migrate()

    assert [user.ai_preferences.theme for user in CustomUser.objects.all()] == ["system"] * 3
    assert ours() == {
        "preferences_make",
        "preferences_remake",
        "preferences_stamp",
        "preferences_keep_stamp",
        "preferences_stamps",
    }
