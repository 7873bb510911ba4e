"""A user's own usage, call by call."""

from typing import ClassVar

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from controlplane.accounts.callers import user_of
from controlplane.api.pagination import KeysetPagination
from controlplane.preferences.zones import zone_of
from controlplane.usage.models import TokenUsage, TokenUsageQuerySet
from controlplane.usage.views.days import DaysSerializer

EXAMPLE = OpenApiExample(
    "A call",
    value={
        "id": "0198c5f0-7d1c-7a53-9f1e-0c6d3f9b2a11",
        "session_id": "5b0c1f3e-2f4a-4a5e-9f67-1d2f3a4b5c6d",
        "run_id": "1efc2a34-5678-6abc-8def-0123456789ab",
        "provider_key_id": None,
        "state": "settled",
        "outcome": "finished",
        "request_type": "chat",
        "provider": "openai",
        "model_name": "gpt-4o",
        "node": "call_model",
        "prompt_tokens": 150,
        "completion_tokens": 75,
        "total_tokens": 225,
        "cached_tokens": 0,
        "reasoning_tokens": 0,
        "is_estimated": False,
        "prompt_cost": "0.000375000",
        "completion_cost": "0.000750000",
        "total_cost": "0.001125000",
        "is_priced": True,
        "response_time_ms": 812,
        "created_at": "2026-03-01T12:00:00Z",
        "settled_at": "2026-03-01T12:00:02Z",
    },
    response_only=True,
)


class UsagePages(KeysetPagination[TokenUsage]):
    """Newest first, or oldest first."""

    orderings = ("-created_at", "created_at")


class UsageListView(generics.ListAPIView[TokenUsage]):
    """The calls that were made for the caller, newest first."""

    pagination_class = UsagePages

    class Filters(DaysSerializer):
        """Which of them; another user's session or run has no rows here."""

        session = serializers.UUIDField(required=False)
        run = serializers.UUIDField(required=False)
        model = serializers.CharField(required=False, max_length=200, help_text="The model's whole name.")
        request_type = serializers.ChoiceField(required=False, choices=TokenUsage.RequestType.choices)
        outcome = serializers.ChoiceField(
            required=False,
            choices=TokenUsage.Outcome.choices,
            help_text="Calls that are not settled yet are unknown.",
        )

        class Meta:
            ref_name = "UsageFilter"

    class Output(serializers.ModelSerializer[TokenUsage]):
        """One model call. Costs are US dollars as decimal strings, null when no price is known."""

        session_id = serializers.UUIDField(source="chat_session_id", allow_null=True, read_only=True)
        provider_key_id = serializers.UUIDField(
            allow_null=True,
            read_only=True,
            help_text="The caller's own key; null: the house's.",
        )
        run_id = serializers.UUIDField(allow_null=True, read_only=True)
        total_tokens = serializers.IntegerField(read_only=True)

        class Meta:
            ref_name = "TokenUsage"
            model = TokenUsage
            fields: ClassVar[list[str]] = [
                "id",
                "session_id",
                "run_id",
                "provider_key_id",
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
    lookups: ClassVar[dict[str, str]] = {
        "session": "chat_session_id",
        "run": "run_id",
        "model": "model_name",
        "request_type": "request_type",
        "outcome": "outcome",
        "from": "created_at__gte",
        "to": "created_at__lt",
    }

    def get_queryset(self) -> TokenUsageQuerySet:
        """Keep the caller's rows that the filters let through."""
        caller = user_of(self.request)
        given = self.Filters(data=self.request.query_params.dict(), context={"zone": zone_of(caller)})
        given.is_valid(raise_exception=True)
        rows = TokenUsage.objects.owned_by(caller.pk)
        for name, value in given.validated_data.items():
            rows = rows.filter(**{self.lookups[name]: value})
        return rows

    @extend_schema(parameters=[Filters], operation_id="usage_list", tags=["usage"], examples=[EXAMPLE])
    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        """Answer with one page. Days are those of the caller's time zone, both ends included."""
        return super().get(request, *args, **kwargs)
