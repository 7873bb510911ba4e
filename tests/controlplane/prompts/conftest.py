"""Templates: the default that a migration brings, and one of the user's own."""

from collections.abc import Callable

import pytest

from controlplane.prompts.models import SystemPromptTemplate
from controlplane.prompts.services import prompt_create


@pytest.fixture
def default_assistant(db) -> SystemPromptTemplate:
    """The one that the migration made; made again where an earlier test has emptied all tables."""
    default = SystemPromptTemplate.objects.filter(is_default=True).first()
    return default or SystemPromptTemplate.objects.create(
        name="Default Assistant",
        slug="default-assistant",
        content="You are a helpful AI assistant.",
        is_default=True,
        is_public=True,
    )


@pytest.fixture
def make_prompt(user) -> Callable[..., SystemPromptTemplate]:
    """Make templates, the user's own unless said otherwise."""

    def make(name: str = "Tutor", *, owner=user, **settings: object) -> SystemPromptTemplate:
        settings = {"content": "You teach {{topic}}.", **settings}
        owner_id = owner.pk if owner else None
        return prompt_create(author_id=owner_id, owner_id=owner_id, settings={"name": name, **settings})

    return make
