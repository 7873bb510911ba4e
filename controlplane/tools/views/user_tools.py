"""A user's tools: choose, configure, give back."""

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    extend_schema,
    extend_schema_field,
    extend_schema_view,
)
from rest_framework import serializers

from controlplane.api.fields import TextField
from controlplane.api.idempotency import HEADER
from controlplane.api.viewsets import ChangesByVersion, CreatesOnce, Deletes
from controlplane.tools import services
from controlplane.tools.models import UserTool
from controlplane.tools.models.available_tool import require_tool_name
from controlplane.tools.schemas import secret_names
from controlplane.tools.views.catalogue import RateLimitSerializer

CHOSEN = {
    "id": "0199f0c2-6a51-7c1e-9b57-2f2f6c6c1a10",
    "tool_name": "calculator",
    "tool_display_name": "Calculator",
    "is_enabled": True,
    "configuration": {},
    "secrets": {},
    "usage_count": 12,
    "last_used_at": "2026-11-22T12:00:00Z",
    "rate_limit": {"limit": 100, "period": "hour"},
    "created_at": "2026-11-20T08:00:00Z",
    "updated_at": "2026-11-22T12:00:00Z",
}
SWITCHED_OFF = OpenApiExample("Switch it off", value={"is_enabled": False}, request_only=True)
IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, description="The ETag that the change was made from."
)
ONCE = OpenApiParameter(HEADER, str, OpenApiParameter.HEADER, description="Makes repeats harmless.")
TAGS = ["tools"]


@extend_schema_field({"type": "object", "additionalProperties": {}})
class ConfigurationField(serializers.JSONField):
    """Takes a JSON object; what is in it is for the tool's schema to say."""

    def to_internal_value(self, data: object) -> dict[str, Any]:
        """Read it. Raises ValidationError."""
        if not isinstance(data, dict):
            raise serializers.ValidationError(_("This must be an object."))
        return data


class UserToolChanges(serializers.Serializer[Any]):
    """What the caller may change."""

    is_enabled = serializers.BooleanField(required=False)
    configuration = ConfigurationField(
        required=False,
        help_text="All of it, as the tool's `config_schema` says. Secrets left out stay; null removes one.",
    )

    class Meta:
        ref_name = "UserToolChanges"


class UserToolInput(UserToolChanges):
    """What the caller chooses."""

    tool_name = TextField(max_length=64, validators=[require_tool_name])

    class Meta:
        ref_name = "UserToolInput"


class UserToolOutput(serializers.ModelSerializer[UserTool]):
    """A chosen tool; of secrets it says whether they are set. `rate_limit` null is no limit."""

    configuration = serializers.SerializerMethodField()
    secrets = serializers.SerializerMethodField()
    rate_limit = RateLimitSerializer(source="effective_rate_limit", allow_null=True)

    class Meta:
        ref_name = "UserTool"
        model = UserTool
        fields: ClassVar[list[str]] = list(CHOSEN)
        read_only_fields = fields

    def get_configuration(self, tool: UserTool) -> dict[str, Any]:
        """The part that is no secret."""
        hidden = _secret_names(tool)
        return {name: value for name, value in tool.configuration.items() if name not in hidden}

    def get_secrets(self, tool: UserTool) -> dict[str, bool]:
        """Which secrets there are, and whether each is set."""
        return {name: name in tool.secret_names for name in sorted(_secret_names(tool))}


class UserToolFilters(serializers.Serializer[Any]):
    """Which of them."""

    is_enabled = serializers.BooleanField(required=False, allow_null=True, default=None)

    class Meta:
        ref_name = "UserToolFilters"


@extend_schema_view(
    list=extend_schema(
        operation_id="user_tools_list",
        tags=TAGS,
        parameters=[UserToolFilters],
        responses=UserToolOutput(many=True),
        description="List the tools that the caller has chosen, newest first.",
        examples=[OpenApiExample("A chosen tool", value=CHOSEN, response_only=True)],
    ),
    retrieve=extend_schema(
        operation_id="user_tools_read",
        tags=TAGS,
        responses=UserToolOutput,
        description="Read one.",
        examples=[OpenApiExample("A chosen tool", value=CHOSEN, response_only=True)],
    ),
    create=extend_schema(
        operation_id="user_tools_create",
        tags=TAGS,
        parameters=[
            OpenApiParameter(HEADER, str, OpenApiParameter.HEADER, description="Makes repeats harmless.")
        ],
        description="Choose a tool of the catalogue: on or off, and how it is configured.",
        examples=[
            OpenApiExample("Choose one", value={"tool_name": "calculator"}, request_only=True),
            OpenApiExample("Chosen", value=CHOSEN, response_only=True, status_codes=["201"]),
        ],
    ),
    partial_update=extend_schema(
        operation_id="user_tools_change",
        tags=TAGS,
        parameters=[IF_MATCH],
        request=UserToolChanges,
        responses=UserToolOutput,
        description="Switch it on or off, or configure it anew.",
        examples=[SWITCHED_OFF, OpenApiExample("Changed", value=CHOSEN, response_only=True)],
    ),
    destroy=extend_schema(
        operation_id="user_tools_delete",
        tags=TAGS,
        parameters=[IF_MATCH],
        responses={204: None},
        description="Give it back to the house's default; its configuration and secrets are erased.",
    ),
)
class UserToolViewSet(CreatesOnce[UserTool], ChangesByVersion[UserTool], Deletes[UserTool]):
    """The caller's tools."""

    lookup_url_kwarg = "user_tool_id"
    versioned = ("is_enabled", "configuration", "sealed_secrets", "follows_default")

    Filters = UserToolFilters
    Input = UserToolInput
    Changes = UserToolChanges
    Output = UserToolOutput
    serializer_class = UserToolOutput

    def owned_by(self, owner_id: UUID) -> QuerySet[UserTool]:
        """Keep those that the caller has chosen."""
        return UserTool.objects.owned_by(owner_id).chosen().select_related("available_tool")

    def narrow(self, rows: QuerySet[UserTool], filters: Any) -> QuerySet[UserTool]:
        """Narrow by what was asked for."""
        wanted = filters["is_enabled"]
        return rows if wanted is None else rows.filter(is_enabled=wanted)

    def make(self, given: dict[str, Any]) -> UserTool:
        """Choose it."""
        tool = services.user_tool_choose(owner_id=self.owner_id, **given)
        return self.get_queryset().get(pk=tool.pk)

    def change(self, row: UserTool, changes: dict[str, Any]) -> UserTool:
        """Change it."""
        return services.user_tool_change(tool=row, changes=changes)

    def remove(self, row: UserTool) -> None:
        """Give it back."""
        services.user_tool_forget(tool=row)


def _secret_names(tool: UserTool) -> set[str]:
    schema = tool.available_tool.config_schema if tool.available_tool is not None else {}
    return secret_names(schema) | set(tool.secret_names)
