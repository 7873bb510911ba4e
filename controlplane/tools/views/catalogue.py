"""The catalogue as one user sees it: which tools there are, and where each stands for them."""

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from controlplane.api.pagination import KeysetPagination
from controlplane.api.viewsets import OwnedViewSet
from controlplane.tools.models import AvailableTool, UserTool
from controlplane.tools.selection import is_on

EXAMPLE = {
    "tool_name": "calculator",
    "display_name": "Calculator",
    "description": "Works out arithmetic expressions.",
    "category": "math",
    "config_schema": {"type": "object", "properties": {}, "additionalProperties": False},
    "requires_approval": False,
    "is_enabled": True,
    "user_tool_id": None,
    "rate_limit": {"limit": 100, "period": "hour"},
}


class RateLimitSerializer(serializers.Serializer[Any]):
    """How often a tool may be used."""

    limit = serializers.IntegerField(source="uses")
    period = serializers.ChoiceField(choices=["minute", "hour", "day"])

    class Meta:
        ref_name = "ToolRateLimit"


class CataloguePages(KeysetPagination[AvailableTool]):
    """By name."""

    ordering = "tool_name"


class CatalogueViewSet(OwnedViewSet[AvailableTool]):
    """The tools that the caller may have."""

    pagination_class = CataloguePages

    class Filters(serializers.Serializer[Any]):
        """Which of them."""

        category = serializers.ChoiceField(choices=AvailableTool.Category.choices, required=False)

        class Meta:
            ref_name = "ToolFilters"

    class Output(serializers.ModelSerializer[AvailableTool]):
        """A tool, and where it stands for the caller; `rate_limit` null is no limit."""

        is_enabled = serializers.SerializerMethodField()
        user_tool_id = serializers.SerializerMethodField()
        rate_limit = serializers.SerializerMethodField()

        class Meta:
            ref_name = "Tool"
            model = AvailableTool
            fields: ClassVar[list[str]] = list(EXAMPLE)
            read_only_fields = fields

        def get_is_enabled(self, tool: AvailableTool) -> bool:
            """Whether it is on for the caller."""
            return is_on(tool, _own(tool))

        def get_user_tool_id(self, tool: AvailableTool) -> UUID | None:
            """What the caller made of it (see /user-tools/); null: they have not chosen."""
            own = _own(tool)
            return own.pk if own is not None and not own.follows_default else None

        @extend_schema_field(RateLimitSerializer(allow_null=True))
        def get_rate_limit(self, tool: AvailableTool) -> dict[str, Any] | None:
            """How often the caller may use it."""
            own = _own(tool)
            limit = own.effective_rate_limit if own is not None else tool.rate_limit
            return RateLimitSerializer(limit).data if limit is not None else None

    def owned_by(self, owner_id: UUID) -> QuerySet[AvailableTool]:
        """Keep what the caller may have, with what they made of it."""
        own = UserTool.objects.owned_by(owner_id).select_related("available_tool")
        return AvailableTool.objects.visible_to(owner_id).prefetch_related(
            Prefetch("user_tools", queryset=own, to_attr="own")
        )

    @extend_schema(
        operation_id="tools_list",
        tags=["tools"],
        parameters=[Filters],
        responses=Output(many=True),
        description="List the tools that the caller may have, by name.",
        examples=[OpenApiExample("A built-in tool", value=EXAMPLE, response_only=True)],
    )
    def list(self, request: Request, **kwargs: Any) -> Response:
        """List them."""
        return super().list(request, **kwargs)


def _own(tool: AvailableTool) -> UserTool | None:
    own: list[UserTool] = tool.own  # type: ignore[attr-defined]  # as the view set fetches it
    return own[0] if own else None
