"""System prompts to choose from: the house's, and those that users write and share."""

import uuid
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.validators import MaxLengthValidator, MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from controlplane.api.fields import LONGEST_PROMPT
from controlplane.errors import NotFound
from controlplane.prompts.fields import VariablesField, require_template
from controlplane.prompts.mustache import render_template


class SystemPromptTemplateQuerySet(models.QuerySet["SystemPromptTemplate"]):
    """The words in which templates are asked for."""

    def owned_by(self, user_id: uuid.UUID) -> Self:
        """Keep a user's own."""
        return self.filter(owner_id=user_id)

    def public(self) -> Self:
        """Keep those that everybody sees."""
        return self.filter(is_public=True)

    def shared_with(self, user_id: uuid.UUID) -> Self:
        """Keep those that somebody shared with a user, or with a group of theirs."""
        return self.filter(_shared_with(user_id)).exclude(owner_id=user_id)

    def visible_to(self, user_id: uuid.UUID) -> Self:
        """Keep those that a user may see: public ones, their own, and shared ones; any other is not found."""
        return self.filter(Q(is_public=True) | Q(owner_id=user_id) | _shared_with(user_id))


def _shared_with(user_id: uuid.UUID) -> Q:
    # Two look-ups in place of joins, which would give a template once for each way it was shared.
    to_users = SystemPromptTemplate.shared_with_users.through.objects.filter(customuser_id=user_id)
    to_groups = SystemPromptTemplate.shared_with_groups.through.objects.filter(group__user=user_id)
    return Q(pk__in=to_users.values("systemprompttemplate_id")) | Q(
        pk__in=to_groups.values("systemprompttemplate_id")
    )


class SystemPromptTemplate(models.Model):
    """A system prompt with variables. The database keeps exactly one default; see migration 0003."""

    class Category(models.TextChoices):
        """What a template is for."""

        GENERAL = "general", _("general")
        CODING = "coding", _("coding")
        WRITING = "writing", _("writing")
        RESEARCH = "research", _("research")
        ANALYSIS = "analysis", _("analysis")
        EDUCATION = "education", _("education")
        CREATIVE = "creative", _("creative")
        BUSINESS = "business", _("business")
        OTHER = "other", _("other")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # What a user wrote leaves with them; sessions hold rendered copies.
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="prompt_templates",
        help_text=_("Empty: the house's."),
    )
    name = models.CharField(max_length=100)
    slug = models.SlugField(max_length=100, db_index=False)
    content = models.TextField(
        max_length=LONGEST_PROMPT,
        validators=[MaxLengthValidator(LONGEST_PROMPT), require_template],
        help_text=_("{{name}} is replaced; {{#name}}…{{/name}} stands where the name has a value."),
    )
    category = models.CharField(max_length=20, choices=Category, default=Category.GENERAL)
    description = models.TextField(max_length=1000, blank=True, validators=[MaxLengthValidator(1000)])
    variables = VariablesField(default=list, editable=False)
    is_default = models.BooleanField(
        default=False, editable=False, help_text=_("For sessions without a prompt.")
    )
    is_public = models.BooleanField(default=False, help_text=_("Everybody sees it."))
    shared_with_users = models.ManyToManyField(
        settings.AUTH_USER_MODEL, blank=True, related_name="prompts_shared_with_them"
    )
    shared_with_groups = models.ManyToManyField(Group, blank=True, related_name="prompts_shared_with_it")

    version = models.PositiveIntegerField(default=1, editable=False)
    usage_count = models.PositiveBigIntegerField(default=0, editable=False)
    rating = models.DecimalField(
        max_digits=3,
        decimal_places=2,
        default=Decimal(0),
        editable=False,
        help_text=_("The average of 1 to 5 stars; 0 where nobody has rated."),
    )
    rating_count = models.PositiveIntegerField(default=0, editable=False)
    rating_total = models.PositiveBigIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[SystemPromptTemplateQuerySet] = SystemPromptTemplateQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        indexes = (
            models.Index(fields=["owner", "name"], name="prompts_of_owner"),
            models.Index(fields=["name", "id"], name="prompts_public", condition=Q(is_public=True)),
        )
        constraints = (
            models.UniqueConstraint(
                fields=["owner", "slug"],
                name="prompts_slug_unique",
                nulls_distinct=False,
                violation_error_message=_("There is a template with this slug already."),
            ),
            models.UniqueConstraint(
                fields=["is_default"], name="prompts_default_unique", condition=Q(is_default=True)
            ),
            models.CheckConstraint(
                name="prompts_default_is_public",
                condition=Q(is_default=False) | Q(is_public=True, owner__isnull=True),
                violation_error_message=_("The default is the house's, and public."),
            ),
        )

    def __str__(self) -> str:
        return self.name

    @classmethod
    def get_default(cls) -> "SystemPromptTemplate":
        """Give the one default. Raises NotFound in a database that was emptied."""
        default = cls.objects.filter(is_default=True).first()
        if default is None:
            raise NotFound("There is no default template.", code="no_default_prompt")
        return default

    def render(self, variables: Mapping[str, object]) -> str:
        """Put values, plain strings, into the content. Raises Invalid naming what is missing or unknown."""
        return render_template(self.content, variables)

    @property
    def sharing(self) -> dict[str, list[Any]]:
        """Whom it is shared with; costs nothing where both were prefetched."""
        return {
            "users": sorted(str(user.pk) for user in self.shared_with_users.all()),
            "groups": sorted(group.pk for group in self.shared_with_groups.all()),
        }


class PromptVersion(models.Model):
    """What a template said; each change of its content adds one."""

    template = models.ForeignKey(SystemPromptTemplate, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField(editable=False)
    content = models.TextField(max_length=LONGEST_PROMPT, editable=False)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", editable=False
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["template", "number"], name="prompts_version_unique"),)

    def __str__(self) -> str:
        return f"{self.template_id} · {self.number}"


class PromptRating(models.Model):
    """One user's stars for one template; they outlive the user, so that the average stays true."""

    template = models.ForeignKey(SystemPromptTemplate, on_delete=models.CASCADE, related_name="ratings")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", editable=False
    )
    stars = models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(5)])
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["template", "user"], name="prompts_rating_unique"),
            models.CheckConstraint(name="prompts_rating_range", condition=Q(stars__gte=1, stars__lte=5)),
        )

    def __str__(self) -> str:
        return f"{self.template_id} · {self.stars}"
