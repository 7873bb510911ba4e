"""The examples of SystemPromptTemplate, as they are written."""

import pytest
from django.db import connection

from controlplane.chat.models import ChatSession
from controlplane.prompts.models import SystemPromptTemplate
from controlplane.prompts.services import prompt_change


@pytest.fixture
def default(db) -> SystemPromptTemplate:
    """The default that the migration makes, in a table that holds nothing else."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE prompts_systemprompttemplate CASCADE")
    return create_as_written()


def create_as_written() -> SystemPromptTemplate:
    return SystemPromptTemplate.objects.create(
        name="Default Assistant",
        slug="default-assistant",
        content="You are a helpful AI assistant.",
        is_default=True,
        is_public=True,
    )


def test_create_initial_data(default):
    """Follows the text in an empty table: the migration has made this very row already."""
    assert SystemPromptTemplate.objects.get() == default
    assert (default.is_default, default.is_public, default.variables) == (True, True, [])
    assert (default.usage_count, default.rating) == (0, 0)


def test_default_prompt_is_rendered_with_variables(user, default):
    user.first_name = "Ada"
    # Get default prompt
    default_prompt = SystemPromptTemplate.get_default()
    # Render with variables
    prompt = default_prompt.render({"user_name": user.first_name, "topic": "Python programming"})

    assert prompt == "You are a helpful AI assistant."


def test_prompt_with_variables_is_used_in_a_session(user, default):
    user.first_name = "Ada"
    content = "Help {{user_name}} with {{topic}}."
    prompt_change(prompt_id=default.pk, author_id=None, changes={"content": content})
    session = ChatSession.objects.create(user=user)

    default_prompt = SystemPromptTemplate.get_default()
    prompt = default_prompt.render({"user_name": user.first_name, "topic": "Python programming"})
    # Use in session
    session.custom_system_prompt = prompt
    session.save()

    session.refresh_from_db()
    assert session.custom_system_prompt == "Help Ada with Python programming."
    assert default_prompt.variables == ["user_name", "topic"]
