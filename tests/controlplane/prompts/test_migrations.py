"""The default comes with the migrations, and the way back leaves nothing behind."""

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from controlplane.prompts.models import SystemPromptTemplate

OURS = "SELECT proname FROM pg_proc WHERE proname LIKE 'prompts%'"


def migrate(*targets: tuple[str, str | None]) -> None:
    executor = MigrationExecutor(connection)
    executor.migrate(list(targets) or executor.loader.graph.leaf_nodes())


def functions() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(OURS)
        return {name for (name,) in cursor.fetchall()}


@pytest.mark.django_db(transaction=True)
def test_default_assistant_comes_and_goes():
    migrate(("prompts", None))
    try:
        assert functions() == set()
    finally:
        migrate()

    default = SystemPromptTemplate.get_default()
    assert (default.name, default.slug) == ("Default Assistant", "default-assistant")
    assert (default.content, default.variables) == ("You are a helpful AI assistant.", [])
    assert (default.is_public, default.owner, default.version) == (True, None, 1)
    assert default.versions.get().content == default.content
    assert functions() == {"prompts_take_default", "prompts_keep_default"}


@pytest.mark.django_db(transaction=True)
def test_one_step_back_keeps_what_users_wrote(user):
    own = SystemPromptTemplate.objects.create(owner=user, name="A", slug="a", content="Hi.")
    migrate(("prompts", "0001_templates_versions_ratings"))
    try:
        assert list(SystemPromptTemplate.objects.values_list("pk", flat=True)) == [own.pk]
    finally:
        migrate()

    assert SystemPromptTemplate.objects.filter(is_default=True).count() == 1
