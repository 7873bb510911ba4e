"""The caller's preferences: always there, read and changed, never made or deleted."""

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from controlplane.accounts.callers import user_of
from controlplane.api.fields import (
    LONGEST_PROMPT,
    MOST_TOKENS,
    TextField,
    max_tokens_field,
    temperature_field,
)
from controlplane.api.viewsets import ChangesByVersion
from controlplane.preferences.choices import require_language, require_time_zone
from controlplane.preferences.models import FEWEST_TOKENS_TO_SUMMARIZE, MultitaskStrategy, UserPreference
from controlplane.preferences.selectors import preferences_of
from controlplane.preferences.services import SETTINGS, preference_change

EXAMPLE = {
    "default_model": "gpt-4o",
    "default_temperature": 0.7,
    "default_max_tokens": None,
    "enable_auto_summarization": True,
    "summarization_threshold": None,
    "summarization_model": "",
    "custom_system_prompt": "Answer in two sentences.",
    "theme": "dark",
    "language": "en",
    "timezone": "Europe/Berlin",
    "enable_streaming": True,
    "multitask_strategy": "reject",
    "daily_message_limit": None,
    "daily_token_limit": 200000,
    "daily_cost_limit": "2.500000000",
    "monthly_message_limit": None,
    "monthly_token_limit": None,
    "monthly_cost_limit": "30.000000000",
    "updated_at": "2026-03-01T09:30:00Z",
}
IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, description="The ETag of the version that is being changed."
)
ETAG = OpenApiParameter(
    "ETag", str, OpenApiParameter.HEADER, response=[200], description="The version, for If-Match."
)


class PreferencesViewSet(ChangesByVersion[UserPreference]):
    """What holds for all sessions of the caller that say nothing else."""

    versioned = SETTINGS

    class Output(serializers.ModelSerializer[UserPreference]):
        """A user's preferences; null and empty text mean as the system says, also for one's own limits."""

        class Meta:
            ref_name = "Preferences"
            model = UserPreference
            fields: ClassVar[list[str]] = list(EXAMPLE)
            read_only_fields = fields

    class Changes(serializers.Serializer[UserPreference]):
        """What a user may set; what is left out stays as it is. Limits are set by administrators."""

        default_model = TextField(max_length=200, allow_blank=True, required=False)
        default_temperature = temperature_field(required=False, allow_null=True)
        default_max_tokens = max_tokens_field(required=False, allow_null=True)
        enable_auto_summarization = serializers.BooleanField(required=False)
        summarization_threshold = serializers.IntegerField(
            min_value=FEWEST_TOKENS_TO_SUMMARIZE, max_value=MOST_TOKENS, required=False, allow_null=True
        )
        summarization_model = TextField(max_length=200, allow_blank=True, required=False)
        custom_system_prompt = TextField(
            max_length=LONGEST_PROMPT, allow_blank=True, required=False, trim_whitespace=False
        )
        theme = serializers.ChoiceField(choices=UserPreference.Theme.choices, required=False)
        language = TextField(max_length=20, allow_blank=True, required=False, validators=[require_language])
        timezone = TextField(max_length=64, allow_blank=True, required=False, validators=[require_time_zone])
        enable_streaming = serializers.BooleanField(required=False)
        multitask_strategy = serializers.ChoiceField(choices=MultitaskStrategy.choices, required=False)

        class Meta:
            ref_name = "PreferencesChange"

    serializer_class = Output

    def owned_by(self, owner_id: UUID) -> QuerySet[UserPreference]:
        """Give the caller's one row."""
        return UserPreference.objects.filter(pk=owner_id)

    def find(self, *, lock: bool = False) -> UserPreference:
        """Find it without a name: the address has none."""
        rows = self.get_queryset()
        return (rows.select_for_update(of=("self",)) if lock else rows).get()

    def change(self, row: UserPreference, changes: dict[str, Any]) -> UserPreference:
        """Change it by the service."""
        return preference_change(user_id=row.pk, changes=changes)

    @extend_schema(
        operation_id="preferences_read",
        tags=["preferences"],
        parameters=[ETAG],
        responses=Output,
        examples=[OpenApiExample("Preferences", EXAMPLE, response_only=True)],
    )
    def retrieve(self, request: Request, **kwargs: Any) -> Response:  # noqa: ARG002  # no ids in the address
        """Read the caller's preferences; limits shown here are the caller's own, see effective-config."""
        return self.present(preferences_of(user_of(request)))

    @extend_schema(
        operation_id="preferences_change",
        tags=["preferences"],
        parameters=[IF_MATCH, ETAG],
        request=Changes,
        responses=Output,
        examples=[
            OpenApiExample("Dark and brief", {"theme": "dark", "default_max_tokens": 300}, request_only=True),
            OpenApiExample("Preferences", EXAMPLE, response_only=True),
        ],
    )
    def partial_update(self, request: Request, **kwargs: Any) -> Response:
        """Change some of them. They hold at once, also in sessions that say nothing of their own.

        With `If-Match`, 412 `changed_meanwhile` when they were changed since they were read; 422
        `model_not_allowed` for a model that may not be used. Limits in the body are passed over.
        """
        return super().partial_update(request, **kwargs)
