"""Where a user stands with today's limits."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from controlplane.accounts.callers import user_of
from controlplane.usage.selectors import Standings, limits_standing

RESETS_AT = "2026-03-02T00:00:00Z"
EXAMPLE = OpenApiExample(
    "Messages are limited",
    value={
        "day": "2026-03-01",
        "messages": {"limit": 100, "used": 3, "reserved": 0, "remaining": 97, "resets_at": RESETS_AT},
        "tokens": {"limit": None, "used": 675, "reserved": 1144, "remaining": None, "resets_at": RESETS_AT},
        "cost": {
            "limit": None,
            "used": "0.003375000",
            "reserved": "0.010540000",
            "remaining": None,
            "resets_at": RESETS_AT,
        },
    },
    response_only=True,
)


class CountSerializer(serializers.Serializer[dict[str, Any]]):
    """A limit that counts; `limit` and `remaining` are null where there is none."""

    limit = serializers.IntegerField(allow_null=True)
    used = serializers.IntegerField()
    reserved = serializers.IntegerField(help_text="Set aside for calls that are being made.")
    remaining = serializers.IntegerField(allow_null=True)
    resets_at = serializers.DateTimeField()

    class Meta:
        ref_name = "CountLimit"


class MoneySerializer(serializers.Serializer[dict[str, Any]]):
    """A limit in US dollars; `limit` and `remaining` are null where there is none."""

    limit = serializers.DecimalField(max_digits=None, decimal_places=9, allow_null=True)
    used = serializers.DecimalField(max_digits=None, decimal_places=9)
    reserved = serializers.DecimalField(max_digits=None, decimal_places=9)
    remaining = serializers.DecimalField(max_digits=None, decimal_places=9, allow_null=True)
    resets_at = serializers.DateTimeField()

    class Meta:
        ref_name = "MoneyLimit"


class LimitsView(APIView):
    """The caller's limits of today."""

    class Output(serializers.Serializer[dict[str, Any]]):
        """Each limit and how far it is used."""

        day = serializers.DateField()
        messages = CountSerializer()
        tokens = CountSerializer()
        cost = MoneySerializer()

        class Meta:
            ref_name = "Limits"

    @extend_schema(responses=Output, operation_id="usage_limits", tags=["usage"], examples=[EXAMPLE])
    def get(self, request: Request) -> Response:
        """Say how far each daily limit is used, and when it is reset."""
        return Response(self.Output(_describe(limits_standing(user_of(request)))).data)


def _describe(standings: Standings) -> dict[str, Any]:
    gauges = {"messages": standings.messages, "tokens": standings.tokens, "cost": standings.cost}
    described = {
        name: {
            "limit": one.limit,
            "used": one.used,
            "reserved": one.reserved,
            "remaining": one.remaining,
            "resets_at": standings.day.resets_at,
        }
        for name, one in gauges.items()
    }
    return {"day": standings.day.day, **described}
