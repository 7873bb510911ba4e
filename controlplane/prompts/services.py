"""What owners and administrators do to templates; every change of content is kept as a version."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from controlplane.audit.comparison import ADDED, REMOVED
from controlplane.errors import Conflict, Invalid, NotFound
from controlplane.prompts.models import PromptVersion, SystemPromptTemplate
from controlplane.prompts.record import template_changes, template_note, template_state

SETTINGS: Final = ("name", "slug", "content", "category", "description", "is_public")
_TAKEN: Final = "prompts_slug_unique"


def prompt_create(
    *, author_id: UUID | None, owner_id: UUID | None, settings: Mapping[str, Any]
) -> SystemPromptTemplate:
    """Make a template with its first version, in one transaction; without an owner it is the house's.

    `settings` holds names of `SETTINGS`; a slug that is left out is made from the name. `variables`, when
    given, must be those of the content. Raises ValidationError, Invalid, Conflict `slug_taken`.
    """
    given = dict(settings)
    declared = given.pop("variables", None)
    slugs = [given.pop("slug")] if given.get("slug") else _slugs(given.get("name", ""))
    for slug in slugs:
        template = SystemPromptTemplate(owner_id=owner_id, slug=slug, **given)
        template.full_clean(validate_unique=False, validate_constraints=False)
        try:
            with transaction.atomic():
                template.save(force_insert=True)
                _require_declared(template, declared)
                _keep(template, author_id)
                template_note(template, ADDED, actor_id=author_id)
        except IntegrityError as error:
            _require_taken(error)
        else:
            return template
    raise _slug_taken()


def prompt_change(
    *, prompt_id: UUID, author_id: UUID | None, changes: Mapping[str, Any]
) -> SystemPromptTemplate:
    """Change a template in one transaction; new content is a new version.

    Raises NotFound, ValidationError, Invalid, Conflict `slug_taken`.
    """
    changed = dict(changes)
    declared = changed.pop("variables", None)
    with transaction.atomic():
        template = _lock(prompt_id)
        before = template_state(template)
        if template.is_default and not changed.get("is_public", True):
            raise Conflict("Make another template the default first.", code="prompt_is_default")
        is_said_anew = changed.get("content", template.content) != template.content
        if is_said_anew:
            # One that was made past this service has no first version yet.
            _keep(template, None)
            template.version += 1
        for name, value in changed.items():
            setattr(template, name, value)
        template.full_clean(validate_unique=False, validate_constraints=False)
        _save(template, [*changed, "version", "variables", "updated_at"])
        _require_declared(template, declared)
        if is_said_anew:
            _keep(template, author_id)
        template_note(template, template_changes(template, before), actor_id=author_id)
    return template


def prompt_restore(*, prompt_id: UUID, number: int, author_id: UUID | None) -> SystemPromptTemplate:
    """Let a template say again what it said in a version, as a new version. Raises NotFound."""
    with transaction.atomic():
        _lock(prompt_id)
        said = PromptVersion.objects.filter(template_id=prompt_id, number=number).first()
        if said is None:
            raise NotFound("There is no such version.")
        return prompt_change(prompt_id=prompt_id, author_id=author_id, changes={"content": said.content})


def prompt_delete(*, prompt_id: UUID, actor_id: UUID | None = None) -> None:
    """Delete a template with its versions and ratings. Raises NotFound, Conflict for the default."""
    with transaction.atomic():
        template = _lock(prompt_id)
        if template.is_default:
            raise Conflict("Make another template the default first.", code="prompt_is_default")
        template_note(template, REMOVED, actor_id=actor_id)
        template.delete()


def prompt_make_default(*, prompt_id: UUID, actor_id: UUID | None = None) -> SystemPromptTemplate:
    """Make a template of the house's the default, public with it, in one transaction.

    The database takes the mark off the one that had it. Raises NotFound, also for a user's template.
    """
    of_house = SystemPromptTemplate.objects.filter(pk=prompt_id, owner=None)
    with transaction.atomic():
        before = of_house.select_for_update().first()
        if before is None:
            raise NotFound("There is no such template of the house's.")
        of_house.update(is_default=True, is_public=True)
        template = of_house.get()
        template_note(template, template_changes(template, template_state(before)), actor_id=actor_id)
    return template


def _lock(prompt_id: UUID) -> SystemPromptTemplate:
    template = SystemPromptTemplate.objects.select_for_update().filter(pk=prompt_id).first()
    if template is None:
        raise NotFound("There is no such template.")
    return template


def _keep(template: SystemPromptTemplate, author_id: UUID | None) -> None:
    """Keep what a template says as its version; one that is kept already stays as it is."""
    PromptVersion.objects.get_or_create(
        template=template,
        number=template.version,
        defaults={"content": template.content, "author_id": author_id},
    )


def _save(template: SystemPromptTemplate, names: Sequence[str]) -> None:
    try:
        with transaction.atomic():
            template.save(update_fields=names)
    except IntegrityError as error:
        _require_taken(error)
        raise _slug_taken() from error


def _slugs(name: str) -> list[str]:
    """Offer the slug of a name, and one that cannot be taken."""
    slug = slugify(name)[:90].strip("-") or "prompt"
    return [slug, f"{slug}-{uuid4().hex[:8]}"]


def _require_taken(error: IntegrityError) -> None:
    if _TAKEN not in str(error):
        raise error


def _slug_taken() -> Conflict:
    return Conflict("There is a template with this slug already.", code="slug_taken")


def _require_declared(template: SystemPromptTemplate, declared: Sequence[str] | None) -> None:
    if declared is None or set(declared) == set(template.variables):
        return
    complaint = f"The variables of the content are: {', '.join(template.variables) or 'none'}."
    raise Invalid("The content has other variables.", fields={"variables": [complaint]})
