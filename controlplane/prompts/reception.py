"""What readers do with templates they see: share their own, rate any, use any."""

from collections.abc import Collection
from decimal import ROUND_HALF_UP, Decimal
from typing import TypeVar
from uuid import UUID

from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import F, Model, QuerySet

from controlplane.accounts.models import CustomUser
from controlplane.audit.comparison import differences
from controlplane.errors import Invalid, NotFound
from controlplane.prompts.models import PromptRating, SystemPromptTemplate
from controlplane.prompts.record import template_note

Named = TypeVar("Named", bound=Model)


def prompt_share(
    *,
    prompt_id: UUID,
    sharer_id: UUID | None,
    users: Collection[UUID] | None = None,
    groups: Collection[int] | None = None,
    actor_id: UUID | None = None,
) -> SystemPromptTemplate:
    """Share a template with exactly these users and groups, in one transaction; None stays as it is.

    A user shares with groups they are in; without a sharer, as administrators do, with any; `actor_id` then
    names the administrator. Raises NotFound, and Invalid naming ids that are no active users or no such
    groups.
    """
    with transaction.atomic():
        template = SystemPromptTemplate.objects.select_for_update().filter(pk=prompt_id).first()
        if template is None:
            raise NotFound("There is no such template.")
        before = template.sharing
        if users is not None:
            known = CustomUser.objects.filter(pk__in=users, is_active=True)
            template.shared_with_users.set(_all_of(known, users, "shared_with.users"))
        if groups is not None:
            open_to = Group.objects.filter(pk__in=groups)
            open_to = open_to if sharer_id is None else open_to.filter(user=sharer_id)
            template.shared_with_groups.set(_all_of(open_to, groups, "shared_with.groups"))
        template.save(update_fields=["updated_at"])
        template_note(template, differences(before, template.sharing), actor_id=sharer_id or actor_id)
    return template


def prompt_rate(*, prompt_id: UUID, rater_id: UUID, stars: int) -> SystemPromptTemplate:
    """Rate a template that the user sees, or change one's rating; raters of one template wait in line.

    Raises NotFound, ValidationError.
    """
    rating = PromptRating(template_id=prompt_id, user_id=rater_id, stars=stars)
    # Looking the template up is for the query below: a missing one is to look like one that is not seen.
    rating.clean_fields(exclude={"template"})
    with transaction.atomic():
        visible = SystemPromptTemplate.objects.visible_to(rater_id)
        template = visible.select_for_update(of=("self",)).filter(pk=prompt_id).first()
        if template is None:
            raise NotFound("There is no such template.")
        before = template.ratings.filter(user_id=rater_id).values_list("stars", flat=True).first()
        template.ratings.update_or_create(user_id=rater_id, defaults={"stars": stars})
        template.rating_count += before is None
        template.rating_total += stars - (before or 0)
        average = Decimal(template.rating_total) / template.rating_count
        template.rating = average.quantize(Decimal("0.01"), ROUND_HALF_UP)
        template.save(update_fields=["rating", "rating_count", "rating_total"])
    return template


def prompt_note_use(*, prompt_id: UUID) -> None:
    """Count one use; of any number at once each one counts."""
    SystemPromptTemplate.objects.filter(pk=prompt_id).update(usage_count=F("usage_count") + 1)


def _all_of(rows: QuerySet[Named], asked: Collection[object], field: str) -> list[Named]:
    found = list(rows.distinct())
    unknown = sorted({str(one) for one in asked} - {str(row.pk) for row in found})
    if unknown:
        raise Invalid(
            "It cannot be shared with all of these.", fields={field: [f"Unknown: {one}." for one in unknown]}
        )
    return found
