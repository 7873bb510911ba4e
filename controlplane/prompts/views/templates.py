"""Templates over REST: those that the caller may see, and the caller's own to change."""

from collections.abc import Mapping
from typing import Any, ClassVar, cast
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    extend_schema,
    extend_schema_field,
    extend_schema_view,
)
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from controlplane.api.fields import LONGEST_PROMPT, TextField, require_text
from controlplane.api.pagination import KeysetPagination
from controlplane.api.viewsets import ChangesByVersion, CreatesOnce, Deletes
from controlplane.prompts import services
from controlplane.prompts.models import SystemPromptTemplate, SystemPromptTemplateQuerySet
from controlplane.prompts.reception import prompt_share
from controlplane.prompts.selectors import prompts_narrow

ABOUT: Mapping[str, Any] = {
    "id": "0c7e4b7a-6a53-4a53-9b0e-3d6f4b1f7a21",
    "name": "Tutor",
    "slug": "tutor",
    "content": "You teach {{topic}}.{{#user_name}} Your pupil is {{user_name}}.{{/user_name}}",
    "category": "education",
    "description": "Explains step by step.",
    "variables": ["topic", "user_name"],
    "is_default": False,
    "is_public": False,
    "is_mine": True,
    "shared_with": {"users": [], "groups": [3]},
    "version": 2,
    "usage_count": 12,
    "rating": "4.50",
    "rating_count": 2,
    "created_at": "2026-03-01T09:30:00Z",
    "updated_at": "2026-03-02T10:00:00Z",
}
SHOWN = OpenApiExample("A template", dict(ABOUT), response_only=True)
MADE = OpenApiExample("Made", {**ABOUT, "version": 1}, response_only=True, status_codes=["201"])
ASKED = OpenApiExample(
    "A tutor",
    {"name": "Tutor", "content": ABOUT["content"], "category": "education"},
    request_only=True,
)
SHARED = OpenApiExample(
    "Share with a group", {"shared_with": {"users": [], "groups": [3]}}, request_only=True
)
IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, description="The ETag of the version that is meant."
)
MOST_SHARED = 100


class PromptPages(KeysetPagination[SystemPromptTemplate]):
    """By name, or by what others think of them."""

    ordering = "name"
    orderings = ("name", "-name", "-usage_count", "-rating", "-created_at", "-updated_at")


class Sharing(serializers.Serializer[Any]):
    """Whom a template is shared with: ids of users, and of groups that the sharer is in."""

    users = serializers.ListField(child=serializers.UUIDField(), max_length=MOST_SHARED, required=False)
    groups = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**31 - 1),
        max_length=MOST_SHARED,
        required=False,
    )

    class Meta:
        ref_name = "PromptSharing"


class PromptInput(serializers.Serializer[Any]):
    """What a user may set on a template; what is left out stays as it is."""

    name = TextField(max_length=100)
    slug = serializers.RegexField(r"^[-a-zA-Z0-9_]+$", max_length=100, required=False)
    content = TextField(max_length=LONGEST_PROMPT, trim_whitespace=False, validators=[require_text])
    category = serializers.ChoiceField(choices=SystemPromptTemplate.Category.choices, required=False)
    description = TextField(max_length=1000, allow_blank=True, required=False)
    variables = serializers.ListField(
        child=TextField(max_length=64),
        max_length=200,
        required=False,
        help_text="Worked out from the content; where it is given, it has to agree.",
    )

    class Meta:
        ref_name = "PromptInput"


@extend_schema_view(
    retrieve=extend_schema(operation_id="prompts_read", tags=["prompts"], examples=[SHOWN]),
    destroy=extend_schema(
        operation_id="prompts_delete",
        tags=["prompts"],
        parameters=[IF_MATCH],
        responses={204: None},
        description="Delete an own template, with its versions. Sessions that use it keep their text.",
    ),
)
class PromptsViewSet(
    CreatesOnce[SystemPromptTemplate], ChangesByVersion[SystemPromptTemplate], Deletes[SystemPromptTemplate]
):
    """Templates that are public, shared with the caller, or the caller's own."""

    queryset = SystemPromptTemplate.objects.none()
    lookup_url_kwarg = "prompt_id"
    pagination_class = PromptPages
    versioned = ("name", "slug", "content", "category", "description", "sharing")

    class Filters(serializers.Serializer[Any]):
        """Which of them."""

        category = serializers.ChoiceField(
            choices=SystemPromptTemplate.Category.choices, required=False, default=""
        )
        scope = serializers.ChoiceField(
            choices=["all", "mine", "shared", "public"],
            required=False,
            default="all",
            help_text="`shared`: by others, with the caller or a group of the caller's.",
        )
        search = serializers.CharField(
            required=False, max_length=100, default="", help_text="Part of a name."
        )

    class Output(serializers.ModelSerializer[SystemPromptTemplate]):
        """A template. `rating` is the average of 1 to 5 stars, null where nobody has rated."""

        is_mine = serializers.SerializerMethodField()
        variables = serializers.ListField(child=serializers.CharField(), read_only=True)
        shared_with = serializers.SerializerMethodField()
        rating = serializers.SerializerMethodField()

        class Meta:
            ref_name = "Prompt"
            model = SystemPromptTemplate
            fields: ClassVar[list[str]] = list(ABOUT)
            read_only_fields = fields

        def get_is_mine(self, template: SystemPromptTemplate) -> bool:
            """Say whether the caller may change it."""
            return bool(template.owner_id == self.context["request"].user.pk)

        @extend_schema_field(Sharing(allow_null=True))
        def get_shared_with(self, template: SystemPromptTemplate) -> dict[str, list[Any]] | None:
            """Tell the owner alone."""
            return template.sharing if self.get_is_mine(template) else None

        @extend_schema_field(serializers.DecimalField(max_digits=3, decimal_places=2, allow_null=True))
        def get_rating(self, template: SystemPromptTemplate) -> str | None:
            """Tell no opinion from a bad one."""
            return str(template.rating) if template.rating_count else None

    Input = PromptInput

    class Changes(PromptInput):
        """What a user may change, and whom to share it with, in place of whom it was shared with."""

        shared_with = Sharing(required=False)

        class Meta:
            ref_name = "PromptChange"

    serializer_class = Output

    def owned_by(self, owner_id: UUID) -> QuerySet[SystemPromptTemplate]:
        """Give those that the caller may see, to change or delete only the caller's own."""
        templates = SystemPromptTemplate.objects
        is_change = self.request.method in {"PATCH", "DELETE"}
        rows = templates.owned_by(owner_id) if is_change else templates.visible_to(owner_id)
        return rows.prefetch_related("shared_with_users", "shared_with_groups")

    def narrow(
        self, rows: QuerySet[SystemPromptTemplate], filters: Mapping[str, Any]
    ) -> QuerySet[SystemPromptTemplate]:
        """Narrow the list down."""
        return prompts_narrow(cast("SystemPromptTemplateQuerySet", rows), reader_id=self.owner_id, **filters)

    def make(self, given: dict[str, Any]) -> SystemPromptTemplate:
        """Create it by its service."""
        return services.prompt_create(author_id=self.owner_id, owner_id=self.owner_id, settings=given)

    def change(self, row: SystemPromptTemplate, changes: dict[str, Any]) -> SystemPromptTemplate:
        """Change it by its services, its sharing by one of its own."""
        sharing = changes.pop("shared_with", None)
        if sharing is not None:
            row = prompt_share(prompt_id=row.pk, sharer_id=self.owner_id, **sharing)
        if changes:
            row = services.prompt_change(prompt_id=row.pk, author_id=self.owner_id, changes=changes)
        return row

    def remove(self, row: SystemPromptTemplate) -> None:
        """Delete it by its service."""
        services.prompt_delete(prompt_id=row.pk, actor_id=self.owner_id)

    @extend_schema(
        parameters=[Filters],
        responses=Output(many=True),
        operation_id="prompts_list",
        tags=["prompts"],
        examples=[SHOWN],
    )
    def list(self, request: Request, **kwargs: Any) -> Response:
        """List the templates that the caller may see: public, shared and own ones."""
        return super().list(request, **kwargs)

    @extend_schema(
        request=Input,
        responses={201: Output},
        operation_id="prompts_create",
        tags=["prompts"],
        examples=[ASKED, MADE],
    )
    def create(self, request: Request, **kwargs: Any) -> Response:
        """Make a template of one's own; once per `Idempotency-Key`.

        Only its owner sees it until it is shared; administrators make templates public. 422 names what is
        wrong with the content: offered are `{{name}}`, `{{#name}}…{{/name}}` and `{{^name}}…{{/name}}`.
        """
        return super().create(request, **kwargs)

    @extend_schema(
        request=Changes,
        responses=Output,
        operation_id="prompts_change",
        tags=["prompts"],
        parameters=[IF_MATCH],
        examples=[SHARED, SHOWN],
    )
    def partial_update(self, request: Request, **kwargs: Any) -> Response:
        """Change an own template; new content becomes a new version.

        With `If-Match`, 412 `changed_meanwhile` when it was changed since it was read.
        """
        return super().partial_update(request, **kwargs)
