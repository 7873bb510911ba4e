"""How templates are found: by who may see them first, always."""

from uuid import UUID

from django.db.models import QuerySet

from controlplane.errors import NotFound
from controlplane.prompts.models import PromptVersion, SystemPromptTemplate, SystemPromptTemplateQuerySet


def prompt_get_visible(*, prompt_id: UUID, reader_id: UUID) -> SystemPromptTemplate:
    """Find a template that a user may see. Raises NotFound for any other."""
    template = SystemPromptTemplate.objects.visible_to(reader_id).filter(pk=prompt_id).first()
    if template is None:
        raise NotFound("There is no such template.")
    return template


def prompt_get_own(*, prompt_id: UUID, owner_id: UUID) -> SystemPromptTemplate:
    """Find a user's own template. Raises NotFound for any other, also for one that they may see."""
    template = SystemPromptTemplate.objects.owned_by(owner_id).filter(pk=prompt_id).first()
    if template is None:
        raise NotFound("There is no such template.")
    return template


def prompt_versions(*, prompt_id: UUID, owner_id: UUID) -> QuerySet[PromptVersion]:
    """Find what a user's own template has said. Raises NotFound for the template."""
    template = prompt_get_own(prompt_id=prompt_id, owner_id=owner_id)
    return PromptVersion.objects.filter(template=template)


def prompts_narrow(
    templates: SystemPromptTemplateQuerySet,
    *,
    reader_id: UUID,
    category: str = "",
    scope: str = "all",
    search: str = "",
) -> SystemPromptTemplateQuerySet:
    """Narrow down what a user may see: `mine`, `shared` by others, or `public`; `search` looks into names."""
    if scope == "mine":
        templates = templates.owned_by(reader_id)
    elif scope == "shared":
        templates = templates.shared_with(reader_id)
    elif scope == "public":
        templates = templates.public()
    if category:
        templates = templates.filter(category=category)
    return templates.filter(name__icontains=search) if search else templates
