"""What callers may say about sessions: settings, filters, and examples of both for the reference."""

from typing import Any, Final

from drf_spectacular.utils import OpenApiExample
from rest_framework import serializers

from controlplane.api.fields import (
    LONGEST_PROMPT,
    MOST_TOKENS,
    TextField,
    max_tokens_field,
    temperature_field,
)
from controlplane.chat.models import ChatSession
from controlplane.chat.selectors import STATUSES
from controlplane.chat.tags import LONGEST_TAG, MOST_TAGS, tag_normalize
from controlplane.errors import Invalid

SESSION: Final[dict[str, Any]] = {
    "id": "6f1c1d0a-2f0e-4a53-9d0a-0c4d3a6f5b11",
    "title": "Python help",
    "title_origin": "owner",
    "graph_id": "agent",
    "tags": ["python", "work"],
    "model_name": "gpt-4o",
    "temperature": 0.7,
    "max_tokens": None,
    "custom_system_prompt": "",
    "enable_summarization": None,
    "summarization_threshold": None,
    "message_count": 4,
    "total_tokens_used": 1250,
    "total_cost": "0.004125000",
    "last_message_at": "2026-11-20T09:30:00Z",
    "is_active": True,
    "is_archived": False,
    "is_pinned": True,
    "deletes_at": None,
    "created_at": "2026-11-20T09:00:00Z",
    "updated_at": "2026-11-20T09:30:05Z",
}
SESSION_EXAMPLE: Final = OpenApiExample("A session", SESSION, response_only=True)
PAGE_EXAMPLE: Final = OpenApiExample("A session of the page", SESSION, response_only=True)
CHANGE_EXAMPLE: Final = OpenApiExample(
    "Title, tags and model",
    {"title": "Python help", "tags": ["python", "work"], "model_name": "gpt-4o"},
    request_only=True,
)


class TagField(TextField):
    """One tag, written the one way it is kept; what is typed may have some blanks more."""

    def to_internal_value(self, data: object) -> str:
        """Read a tag. Raises ValidationError."""
        try:
            return tag_normalize(super().to_internal_value(data))
        except Invalid as error:
            raise serializers.ValidationError(error.fields["tags"]) from error


class SessionSettings(serializers.Serializer[ChatSession]):
    """What a user may set on a session; what is left out stays as it is."""

    title = TextField(max_length=200, required=False)
    tags = serializers.ListField(
        child=TagField(max_length=LONGEST_TAG),
        max_length=MOST_TAGS,
        required=False,
        help_text="The owner's own words; kept in lower case, each once.",
    )
    model_name = TextField(max_length=200, allow_blank=True, required=False)
    temperature = temperature_field(required=False, allow_null=True)
    max_tokens = max_tokens_field(required=False, allow_null=True)
    custom_system_prompt = TextField(
        max_length=LONGEST_PROMPT, allow_blank=True, required=False, trim_whitespace=False
    )
    enable_summarization = serializers.BooleanField(required=False, allow_null=True)
    summarization_threshold = serializers.IntegerField(
        min_value=256, max_value=MOST_TOKENS, required=False, allow_null=True
    )
    is_pinned = serializers.BooleanField(required=False)

    class Meta:
        ref_name = "SessionSettings"


class SessionFilters(serializers.Serializer[Any]):
    """Which of the caller's sessions."""

    status = serializers.ChoiceField(
        choices=STATUSES, required=False, help_text="Sessions that are being deleted are never shown."
    )
    archived = serializers.BooleanField(required=False, allow_null=True, default=None)
    pinned = serializers.BooleanField(required=False, allow_null=True, default=None)
    model = serializers.CharField(required=False, max_length=200, help_text="The model's whole name.")
    tag = TagField(required=False, max_length=LONGEST_TAG)
    search = serializers.CharField(required=False, max_length=200, default="", help_text="Part of a title.")
    created_after = serializers.DateTimeField(required=False, help_text="This moment included.")
    created_before = serializers.DateTimeField(required=False, help_text="This moment excluded.")
    updated_after = serializers.DateTimeField(required=False, help_text="This moment included.")
    updated_before = serializers.DateTimeField(required=False, help_text="This moment excluded.")

    class Meta:
        ref_name = "SessionFilters"
