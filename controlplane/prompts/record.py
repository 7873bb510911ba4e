"""Which changes of templates are recorded: what others notice, and what the owner did not do themselves."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from controlplane.audit.comparison import differences, state_of
from controlplane.audit.models import Action
from controlplane.audit.record import entry_add
from controlplane.prompts.models import SystemPromptTemplate

_RECORDED: Final = (
    "name",
    "slug",
    "content",
    "category",
    "description",
    "is_public",
    "is_default",
    "version",
)
_CONTENT: Final = ("name", "slug", "content", "description")


def template_state(template: SystemPromptTemplate) -> dict[str, Any]:
    """Take a template down before a change."""
    return state_of(template, _RECORDED)


def template_changes(template: SystemPromptTemplate, before: Mapping[str, Any]) -> dict[str, Any]:
    """Say what has changed since, without a word of what is in it."""
    return differences(before, template_state(template), concealed=_CONTENT)


def template_note(
    template: SystemPromptTemplate, changes: Mapping[str, Any], *, actor_id: UUID | None
) -> None:
    """Record a change in the caller's transaction; what users do to private templates of theirs is not."""
    is_theirs_alone = template.owner_id is not None and not template.is_public and "is_public" not in changes
    if not changes or (is_theirs_alone and actor_id == template.owner_id):
        return
    entry_add(
        Action.TEMPLATE_CHANGE,
        subject=template,
        actor_id=actor_id,
        concerns_id=template.owner_id,
        changes=changes,
    )
