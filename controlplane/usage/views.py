"""A user's own usage, call by call."""

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from controlplane.accounts.callers import user_of
from controlplane.api.pagination import KeysetPagination
from controlplane.usage.models import TokenUsage, TokenUsageQuerySet


class UsageListView(generics.ListAPIView[TokenUsage]):
    """The calls that were made for the caller, newest first."""

    pagination_class = KeysetPagination

    class Input(serializers.Serializer[dict[str, object]]):
        """Filters; another user's session or run has no rows here."""

        session = serializers.UUIDField(required=False)
        run = serializers.UUIDField(required=False)

        class Meta:
            ref_name = "UsageFilter"

    class Output(serializers.ModelSerializer[TokenUsage]):
        """One model call. Costs are US dollars as decimal strings, null when no price is known."""

        session_id = serializers.UUIDField(source="chat_session_id", allow_null=True, read_only=True)
        run_id = serializers.UUIDField(allow_null=True, read_only=True)
        total_tokens = serializers.IntegerField(read_only=True)

        class Meta:
            ref_name = "TokenUsage"
            model = TokenUsage
            fields: ClassVar[list[str]] = [
                "id",
                "session_id",
                "run_id",
                "state",
                "outcome",
                "request_type",
                "provider",
                "model_name",
                "node",
                "prompt_tokens",
                "completion_tokens",
                "total_tokens",
                "cached_tokens",
                "reasoning_tokens",
                "is_estimated",
                "prompt_cost",
                "completion_cost",
                "total_cost",
                "is_priced",
                "response_time_ms",
                "created_at",
                "settled_at",
            ]
            read_only_fields = fields

    serializer_class = Output

    def get_queryset(self) -> TokenUsageQuerySet:
        """Keep the caller's rows that the filters let through."""
        given = self.Input(data=self.request.query_params)
        given.is_valid(raise_exception=True)
        rows = TokenUsage.objects.owned_by(user_of(self.request).pk)
        if session := given.validated_data.get("session"):
            rows = rows.filter(chat_session_id=session)
        if run := given.validated_data.get("run"):
            rows = rows.filter(run_id=run)
        return rows

    @extend_schema(parameters=[Input], operation_id="usage_list", tags=["usage"])
    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        """Answer with one page."""
        return super().get(request, *args, **kwargs)
