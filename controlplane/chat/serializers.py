"""What REST shows of sessions, messages and runs; shared by the views that show the same thing."""

from datetime import datetime
from typing import Any, ClassVar

from rest_framework import serializers

from controlplane.chat.models import ChatSession
from controlplane.chat.retention import Retention
from controlplane.runs.models import Run


class SessionSerializer(serializers.ModelSerializer[ChatSession]):
    """A session as its owner sees it; its id is the thread's id at the Agent Server."""

    deletes_at = serializers.SerializerMethodField(
        help_text="When it will be deleted for want of use, unless it is restored or pinned; else null."
    )

    class Meta:
        ref_name = "Session"
        model = ChatSession
        fields: ClassVar[list[str]] = [
            "id",
            "title",
            "title_origin",
            "graph_id",
            "tags",
            "model_name",
            "temperature",
            "max_tokens",
            "custom_system_prompt",
            "enable_summarization",
            "summarization_threshold",
            "message_count",
            "total_tokens_used",
            "total_cost",
            "last_message_at",
            "is_active",
            "is_archived",
            "is_pinned",
            "deletes_at",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields

    def get_deletes_at(self, session: ChatSession) -> datetime | None:
        """Ask the retention in force."""
        return Retention.in_force().deletes_at(session)


class RunSerializer(serializers.ModelSerializer[Run]):
    """A run as the control plane saw it."""

    class Meta:
        ref_name = "Run"
        model = Run
        fields: ClassVar[list[str]] = [
            "id",
            "graph_id",
            "model_name",
            "status",
            "error_code",
            "admitted_at",
            "started_at",
            "ended_at",
        ]
        read_only_fields = fields


class ToolCallSerializer(serializers.Serializer[Any]):
    """What an assistant message asks a tool to do."""

    id = serializers.CharField()
    name = serializers.CharField()
    arguments = serializers.DictField()


class MessageSerializer(serializers.Serializer[Any]):
    """A message; the last three only on messages of a tool. Documentation: `chat.wire` writes them."""

    id = serializers.CharField()
    role = serializers.ChoiceField(choices=["human", "ai", "tool", "system"])
    content = serializers.CharField()
    tool_calls = ToolCallSerializer(many=True)
    reasoning = serializers.CharField(required=False)
    created_at = serializers.DateTimeField(required=False)
    tool_call_id = serializers.CharField(required=False)
    name = serializers.CharField(required=False)
    is_error = serializers.BooleanField(required=False)

    class Meta:
        ref_name = "Message"


class InterruptSerializer(serializers.Serializer[Any]):
    """A question that the graph waits on."""

    id = serializers.CharField()
    value = serializers.JSONField()

    class Meta:
        ref_name = "Interrupt"
